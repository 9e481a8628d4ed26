// Certificates for tests of TLS: made by openssl, valid for two days, gone with
// their folder.

import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryDir } from "./at-exit.ts";

/** A certificate and its private key, as PEM files. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What to issue. */
export interface IssueOptions {
  /** Valid for one day of the year 2020. Defaults to false: valid now. */
  readonly expired?: boolean;
  /** Signed by the other CA, which nobody trusts. Defaults to false. */
  readonly foreign?: boolean;
}

/**
 * Certificates, all of them good for servers at 127.0.0.1, ::1 and localhost
 * and for clients too. Disposing of them removes the files.
 */
export interface Certificates extends AsyncDisposable {
  /** The CA that is to be trusted. */
  readonly caFile: string;
  /** Another CA, of the same name. */
  readonly otherCaFile: string;
  /** For a server; its common name is "server". */
  readonly server: CertificateFiles;
  /** For a client; its common name is "client". */
  readonly client: CertificateFiles;
  /** By the right CA, but expired; its common name is "client". */
  readonly expired: CertificateFiles;
  /** Valid, but by the other CA; its common name is "client". */
  readonly foreign: CertificateFiles;
  /**
   * Make one more. etcd takes a client certificate's common name for its user.
   */
  issue(commonName: string, options?: IssueOptions): Promise<CertificateFiles>;
}

/**
 * Make two CAs and a certificate of each kind; takes about 0.2 s. Rejects with
 * an Error that says so if the machine has no openssl.
 */
export async function makeCertificates(): Promise<Certificates> {
  await using making = new AsyncDisposableStack();
  const dir = making.use(await makeTemporaryDir("certificates")).path;
  const ca = await makeCa(join(dir, "ca"));
  const otherCa = await makeCa(join(dir, "other-ca"));
  let issued = 0;
  const issue = (commonName: string, options: IssueOptions = {}) => {
    const base = join(dir, `issued-${issued++}`);
    const issuer = options.foreign ? otherCa : ca;
    return sign(issuer, base, commonName, options.expired ?? false);
  };
  const [server, client, expired, foreign] = await Promise.all([
    issue("server"),
    issue("client"),
    issue("client", { expired: true }),
    issue("client", { foreign: true }),
  ]);
  const made = making.move();
  return {
    caFile: ca.certFile,
    otherCaFile: otherCa.certFile,
    ...{ server, client, expired, foreign, issue },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

const NEW_KEY = [
  ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
];

const LONG_AGO = [
  ...["-startdate", "20200101000000Z"],
  ...["-enddate", "20200102000000Z"],
];

async function makeCa(base: string): Promise<CertificateFiles> {
  const ca = filesAt(base);
  await writeConfig(base);
  await openssl([
    ...["req", "-x509", ...NEW_KEY, "-config", `${base}.cnf`],
    ...["-extensions", "authority", "-days", "2"],
    ...["-subj", "/CN=Portolan test CA"],
    ...["-keyout", ca.keyFile, "-out", ca.certFile],
  ]);
  return ca;
}

async function sign(
  ca: CertificateFiles,
  base: string,
  commonName: string,
  expired: boolean,
): Promise<CertificateFiles> {
  const files = filesAt(base);
  const request = `${base}.csr`;
  await writeConfig(base);
  await openssl([
    ...["req", "-new", ...NEW_KEY, "-config", `${base}.cnf`],
    ...["-subj", `/CN=${commonName}`],
    ...["-keyout", files.keyFile, "-out", request],
  ]);
  await openssl([
    ...["ca", "-batch", "-notext", "-config", `${base}.cnf`],
    ...["-cert", ca.certFile, "-keyfile", ca.keyFile],
    ...(expired ? LONG_AGO : []),
    ...["-in", request, "-out", files.certFile],
  ]);
  return files;
}

function filesAt(base: string): CertificateFiles {
  return { certFile: `${base}.crt`, keyFile: `${base}.key` };
}

/**
 * What `openssl ca` wants to have; only that command sets dates of the past in
 * all versions. Each certificate gets a database of its own, so that several
 * can be made at once.
 */
async function writeConfig(base: string): Promise<void> {
  const serial = randomInt(2 ** 47)
    .toString(16)
    .padStart(12, "0");
  await writeFile(`${base}.index`, "");
  await writeFile(`${base}.serial`, `${serial}\n`);
  await writeFile(
    `${base}.cnf`,
    `[req]
distinguished_name = names
[names]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = issuer
[issuer]
database = ${base}.index
serial = ${base}.serial
new_certs_dir = ${dirname(base)}
default_md = sha256
default_days = 2
policy = policy
x509_extensions = leaf
[policy]
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = IP:127.0.0.1, IP:::1, DNS:localhost
`,
  );
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)("openssl", args);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    const what = "openssl is not on PATH; tests of TLS make certificates by it";
    throw new Error(`${what} (Debian: apt-get install openssl)`, { cause });
  }
}
