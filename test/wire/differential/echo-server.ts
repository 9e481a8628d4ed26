// A server on our engine for other people's clients.
//
// - GET /bytes/N: N bytes of text.
// - POST /echo: what comes, as it comes, trailers included.
// - POST /summary: when all has come, what it was, as JSON.
// - POST /early: an answer and a reset before the body has come.

import type { TlsOptions } from "node:tls";
import {
  createHeaderBlock,
  createListener,
  type ErrorCode,
  type HeaderBlock,
  type Limits,
  type ServerStream,
  type ServerStreamHandler,
  type WireStats,
} from "../../../wire/index.ts";

/** A server that listens. */
export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  readonly stats: WireStats;
  /** Codes with which HTTP/2 streams were closed so far, 0 for a good end. */
  readonly codes: readonly number[];
}

/** What POST /summary answers. */
export interface Summary {
  readonly method: string;
  readonly headers: readonly [name: string, value: string][];
  readonly bytes: number;
  readonly trailers: readonly [name: string, value: string][];
}

const NO_ERROR: typeof ErrorCode.noError = 0;
const CLOSE_GRACE_MS = 5_000;

/** Start one, in cleartext unless there is a certificate. */
export async function startEchoServer(
  options: { readonly tls?: TlsOptions; readonly limits?: Limits } = {},
): Promise<EchoServer> {
  const codes: number[] = [];
  const listener = createListener({
    ...options,
    onRequest(stream, headers, endStream) {
      const handler = handlerFor(stream, headers, (code) => codes.push(code));
      stream.handler = handler;
      handler.onRequest(endStream);
    },
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  return {
    port,
    codes,
    stats: listener.stats,
    [Symbol.asyncDispose]: () => listener.close(CLOSE_GRACE_MS),
  };
}

/** Text of so many bytes, the same for everybody. */
export function textOf(bytes: number): string {
  return "0123456789abcdef\n".repeat(Math.ceil(bytes / 17)).slice(0, bytes);
}

interface Handler extends ServerStreamHandler {
  onRequest(endStream: boolean): void;
}

const OK = createHeaderBlock([[":status", "200"]]);

function handlerFor(
  stream: ServerStream,
  headers: HeaderBlock,
  closed: (code: number) => void,
): Handler {
  const path = headers.path ?? "";
  const base = {
    onSent() {},
    onClose: (_: unknown, code: number) => closed(code),
  };
  if (path === "/echo") return { ...base, ...echo(stream) };
  if (path === "/summary") return { ...base, ...summarize(stream, headers) };
  if (path === "/early") return { ...base, ...answerEarly(stream) };
  return { ...base, ...sendBytes(stream, Number(path.split("/").at(-1))) };
}

type Rest = Omit<Handler, "onSent" | "onClose">;

function echo(stream: ServerStream): Rest {
  return {
    onRequest: (endStream) => stream.respond(OK, endStream),
    onData(_, data, endStream) {
      stream.consume(data.length);
      stream.write(data, endStream);
    },
    onTrailers: (_, trailers) => stream.end(trailers),
  };
}

function summarize(stream: ServerStream, headers: HeaderBlock): Rest {
  let bytes = 0;
  const answer = (trailers: Summary["trailers"]) => {
    const summary: Summary = {
      method: headers.method ?? "",
      headers: toPairs(headers),
      bytes,
      trailers,
    };
    stream.respond(OK);
    stream.write(Buffer.from(JSON.stringify(summary)), true);
  };
  return {
    onRequest: (endStream) => endStream && answer([]),
    onData(_, data, endStream) {
      bytes += data.length;
      stream.consume(data.length);
      if (endStream) answer([]);
    },
    onTrailers: (_, trailers) => answer(toPairs(trailers)),
  };
}

function answerEarly(stream: ServerStream): Rest {
  return {
    onRequest() {
      stream.respond(createHeaderBlock([[":status", "403"]]));
      stream.write(Buffer.from("no\n"), true);
      stream.reset(NO_ERROR);
    },
    onData: (_, data) => stream.consume(data.length),
    onTrailers() {},
  };
}

function sendBytes(stream: ServerStream, bytes: number): Rest {
  return {
    onRequest() {
      const length: [string, string] = ["content-length", `${bytes}`];
      stream.respond(
        createHeaderBlock([[":status", "200"], length]),
        bytes === 0,
      );
      if (bytes > 0) stream.write(Buffer.from(textOf(bytes)), true);
    },
    onData: (_, data) => stream.consume(data.length),
    onTrailers() {},
  };
}

function toPairs(headers: HeaderBlock): [string, string][] {
  return headers.fields.map(({ name, value }) => [name, value]);
}
