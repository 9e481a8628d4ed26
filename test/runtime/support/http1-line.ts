// An HTTP/1.1 connection to one side, byte by byte: requests may follow each
// other before the first is answered.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { type Parsed, parseResponses } from "./http1-responses.ts";
import type { Exchange, Line, Request } from "./request.ts";

/** No wait takes longer, in milliseconds: what is waited for failed. */
const WAIT_LIMIT_MS = 10_000;

/** Connect. */
export async function connectHttp1(port: number): Promise<Line> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return new Http1Line(socket);
}

class Http1Line implements Line {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #methods: string[] = [];
  readonly #waiting = new Set<() => void>();
  #parsed: readonly Parsed[] = [];
  #isOver = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#notify();
    });
    for (const event of ["end", "error", "close"]) {
      socket.on(event, () => {
        this.#isOver = true;
        this.#notify();
      });
    }
  }

  start(request: Request): Exchange {
    const index = this.#methods.push(request.method ?? "POST") - 1;
    const socket = this.#socket;
    const send = (bytes: Uint8Array | string) => {
      if (socket.writable) socket.write(bytes);
    };
    void write(request, send);
    const found = () => this.#parsed[index];
    const head = this.#until("the head has come", () =>
      this.#isOver || found() !== undefined ? true : undefined,
    );
    const outcome = this.#until("the answer is whole", () =>
      found()?.isWhole || this.#isOver
        ? (found()?.outcome ?? NOTHING)
        : undefined,
    );
    for (const promise of [head, outcome]) promise.catch(() => {});
    return {
      write: (bytes) => send(toChunk(bytes)),
      end: () => send("0\r\n\r\n"),
      cancel: () => socket.destroy(),
      head,
      received: (bytes) =>
        this.#until(`${bytes} bytes have come`, () => {
          const body = found()?.outcome.body;
          return body && body.length >= bytes ? body : undefined;
        }),
      outcome,
    };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #notify(): void {
    const bytes = Buffer.concat(this.#chunks);
    this.#parsed = parseResponses(bytes, this.#methods, this.#isOver);
    for (const check of [...this.#waiting]) check();
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const check = () => {
      const found = look();
      if (found !== undefined) resolve(found);
    };
    const fail = () => reject(new Error(`waited in vain until ${what}`));
    const limit = setTimeout(fail, WAIT_LIMIT_MS);
    this.#waiting.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(limit);
      this.#waiting.delete(check);
    });
  }
}

const NOTHING = {
  ...{ status: 0, fields: [], body: Buffer.alloc(0), trailers: [] },
  end: "connection lost",
};

async function write(
  request: Request,
  send: (bytes: Uint8Array | string) => void,
): Promise<void> {
  const { method = "POST", path, fields, pieces = [], whole, slowly } = request;
  const end = request.end ?? "last piece";
  const hasBody = pieces.length > 0 || end !== "last piece";
  const length = pieces.reduce((sum, { length }) => sum + length, 0);
  const given = fields.some(([name]) => name === "content-length");
  const framing = given
    ? []
    : whole || !hasBody
      ? [["content-length", String(length)]]
      : [["transfer-encoding", "chunked"]];
  const isBare = method === "GET" || method === "HEAD" || method === "OPTIONS";
  const lines = [
    ["host", "test.example:8080"],
    ...fields,
    ...(isBare && !hasBody ? [] : framing),
  ].map(([name, value]) => `${name}: ${value}\r\n`);
  send(
    Buffer.from(
      `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`,
      "latin1",
    ),
  );
  const inChunks = framing[0]?.[0] === "transfer-encoding";
  for (const piece of pieces) {
    if (piece.length > 0) send(inChunks ? toChunk(piece) : piece);
    if (slowly) for (let turn = 0; turn < 3; turn++) await setImmediate();
  }
  if (!inChunks || end === "never") return;
  send(end === "trailers" ? "0\r\nx-request-trailer: 1\r\n\r\n" : "0\r\n\r\n");
}

function toChunk(piece: Uint8Array): Buffer {
  const size = piece.length.toString(16);
  return Buffer.concat([
    Buffer.from(`${size}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
}
