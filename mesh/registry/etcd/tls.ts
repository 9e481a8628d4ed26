// Reads the files that TLS to etcd needs.

import { readFileSync } from "node:fs";
import { createSecureContext, getCACertificates } from "node:tls";
import { errorMessage, PortolanError } from "../../../core/index.ts";
import type { EtcdTlsOptions } from "./options.ts";

/**
 * What TLS needs, as PEM.
 */
export interface TlsFiles {
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer;
  readonly certChain?: Buffer;
}

/**
 * Read the files, and see whether they can be used: throws ERR_USAGE with one
 * line that names the file.
 *
 * Synchronous: they are small, local, and read for a new connection only.
 */
export function readTlsFiles(tls: EtcdTlsOptions): TlsFiles {
  const { caFile, certFile, keyFile } = tls;
  const rootCertificate =
    caFile === undefined
      ? Buffer.from(getCACertificates("default").join("\n"))
      : read(caFile);
  if (caFile !== undefined && !rootCertificate.includes("CERTIFICATE-----")) {
    throw unusable(caFile, "it holds no certificate in PEM");
  }
  check(caFile, () => createSecureContext({ ca: rootCertificate }));
  if (certFile === undefined || keyFile === undefined)
    return { rootCertificate };
  const certChain = read(certFile);
  const privateKey = read(keyFile);
  check(certFile, () => createSecureContext({ cert: certChain }));
  check(keyFile, () => createSecureContext({ key: privateKey }));
  check(`${certFile} with ${keyFile}`, () =>
    createSecureContext({ cert: certChain, key: privateKey }),
  );
  return { rootCertificate, certChain, privateKey };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `can't read ${file}: ${errorMessage(cause)}`;
    throw new PortolanError("ERR_USAGE", message, { cause });
  }
}

function check(file: string | undefined, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw unusable(file ?? "the system's roots", errorMessage(cause), cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): PortolanError {
  const message = `can't use ${file} for TLS: ${why}`;
  return new PortolanError("ERR_USAGE", message, { cause });
}
