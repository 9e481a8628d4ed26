// The programs that ours are compared with, from Debian's packages. Each runs
// in the foreground, in one process with one thread, with its file of peers/.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { startChild } from "../support/child.ts";
import { type Subject, startPeer } from "../support/subject.ts";

/** What the backend serves: a gRPC message of 6 bytes. */
export const GREETING_PATH = "/bench.v1.Greeter/Greet";
/** What the backend serves for downloads. */
export const MEBIBYTE_PATH = "/mebibyte";

/** Files that a run needs. */
export interface Files {
  /** A folder for whatever a peer wants to write. */
  readonly dir: string;
  /** The body of a small call. */
  readonly message: string;
  /** The body of a large one. */
  readonly mebibyte: string;
}

/** Write them into an empty folder. */
export async function createFiles(dir: string): Promise<Files> {
  const message = `${dir}/files${GREETING_PATH}`;
  const mebibyte = `${dir}/files${MEBIBYTE_PATH}`;
  await mkdir(dirname(message), { recursive: true });
  await writeFile(message, "\0\0\0\0\x06\x0a\x04grpc");
  await writeFile(mebibyte, Buffer.alloc(1 << 20));
  return { dir, message, mebibyte };
}

/** nghttpd: serves the files, each followed by trailers. */
export function startNghttpd(files: Files): Promise<Subject> {
  return startPeer("nghttpd", (port) =>
    startChild({
      command: "nghttpd",
      args: [
        ...["--no-tls", "--address=127.0.0.1", "--workers=1"],
        ...[`--htdocs=${files.dir}/files`, "--no-content-length"],
        ...["--trailer=grpc-status: 0", "--max-concurrent-streams=5000"],
        // Uploads of 1 MiB are not to wait for credit.
        ...["--window-bits=20", "--connection-window-bits=24"],
        String(port),
      ],
    }),
  );
}

/** HAProxy, HTTP/2 to HTTP/2. Its buffers have 16 KiB by default. */
export function startHaproxy(
  backendPort: number,
  bufferBytes = 16_384,
): Promise<Subject> {
  return startPeer("HAProxy", (port) =>
    startChild({
      command: "haproxy",
      args: ["-db", "-f", peerFile("haproxy.cfg")],
      env: {
        LISTEN_PORT: String(port),
        BACKEND_PORT: String(backendPort),
        BUFFER_BYTES: String(bufferBytes),
      },
    }),
  );
}

/** nginx, `grpc_pass`. */
export async function startNginx(
  backendPort: number,
  files: Files,
): Promise<Subject> {
  const prefix = `${files.dir}/nginx`;
  await mkdir(prefix, { recursive: true });
  const template = await readFile(peerFile("nginx.conf"), "utf8");
  return startPeer("nginx", async (port) => {
    const text = template
      .replaceAll("BACKEND_PORT", String(backendPort))
      .replaceAll("LISTEN_PORT", String(port));
    await writeFile(`${prefix}/nginx.conf`, text);
    return startChild({
      command: "nginx",
      args: ["-p", prefix, "-c", "nginx.conf", "-e", "stderr"],
    });
  });
}

/** nghttpx, HTTP/2 to HTTP/2. */
export function startNghttpx(backendPort: number): Promise<Subject> {
  return startPeer("nghttpx", (port) =>
    startChild({
      command: "nghttpx",
      args: [
        `--conf=${peerFile("nghttpx.conf")}`,
        `--frontend=127.0.0.1,${port};no-tls`,
        `--backend=127.0.0.1,${backendPort};;proto=h2`,
      ],
    }),
  );
}

function peerFile(name: string): string {
  return `${import.meta.dirname}/peers/${name}`;
}
