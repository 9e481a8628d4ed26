// What listens in these tests: a listener in this process whose answers tell
// the HTTP version, and a plain socket to speak to it.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import {
  createHeaderBlock,
  createListener,
  type Listener,
  type ListenerOptions,
  type ServerStream,
} from "../../../wire/index.ts";

/** No wait takes longer, in milliseconds. */
const WAIT_LIMIT_MS = 10_000;

const OK = createHeaderBlock([[":status", "200"]]);

/** A listener with the handler of these tests. */
export interface Service extends AsyncDisposable {
  readonly listener: Listener;
  readonly port: number;
  /** Streams whose path was `/hold`, in their order. */
  readonly held: readonly ServerStream[];
  /** Wait until so many are held. */
  holding(count: number): Promise<void>;
}

/**
 * Listen. A request of `/hold` is answered when the test calls answer(); all
 * others when their body is there, with the HTTP version, path and body.
 */
export async function startService(
  options: Omit<ListenerOptions, "onRequest"> = {},
): Promise<Service> {
  const held: ServerStream[] = [];
  const waiting = new Set<() => void>();
  const listener = createListener({
    ...options,
    onRequest(stream, headers, endStream) {
      const path = headers.path ?? "";
      let body = "";
      const end = () => answer(stream, `${path} ${body}`);
      stream.handler = {
        onData(_stream, data, endStream) {
          stream.consume(data.length);
          body += data.toString("latin1");
          if (endStream && path !== "/hold") end();
        },
        onTrailers: end,
        onSent() {},
        onClose() {},
      };
      if (path === "/hold") {
        held.push(stream);
        for (const check of [...waiting]) check();
      } else if (endStream) {
        end();
      }
    },
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...{ listener, port, held },
    holding: (count) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => {
          reject(new Error(`${held.length} held, not ${count}`));
        }, WAIT_LIMIT_MS);
        const check = () => {
          if (held.length < count) return;
          clearTimeout(limit);
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    [Symbol.asyncDispose]: () => listener.close(0),
  };
}

/** Answer with "HTTP/<version> <text>". */
export function answer(stream: ServerStream, text: string): void {
  stream.respond(OK);
  stream.write(Buffer.from(`HTTP/${stream.httpVersion} ${text}`, "latin1"));
  stream.end();
}

/** A socket of which the test sees every byte. */
export interface Line extends Disposable {
  readonly socket: Socket;
  /** Everything that came in, as latin1. */
  readonly text: string;
  send(text: string | Uint8Array): void;
  /** Wait until what came in matches. */
  expect(pattern: RegExp): Promise<string>;
  /** Wait for the other side's end; resolves with everything that came in. */
  ended(): Promise<string>;
}

/** Connect a plain socket, or one over TLS. */
export async function connectLine(
  port: number,
  tls?: ConnectionOptions,
): Promise<Line> {
  const target = { port, host: "127.0.0.1" };
  const socket: Socket =
    tls === undefined
      ? connect({ ...target, noDelay: true, allowHalfOpen: true })
      : connectTls({ ...target, ...tls });
  let text = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const check of [...waiting]) check();
  };
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
    notify();
  });
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      ended = true;
      notify();
    });
  }
  socket.on("error", () => {}); // "close" follows
  await once(socket, tls === undefined ? "connect" : "secureConnect");
  const until = (what: string, isThere: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const fail = (why: string) => {
        stop();
        reject(new Error(`${why} before ${what}; got ${JSON.stringify(text)}`));
      };
      const limit = setTimeout(() => fail("the time ran out"), WAIT_LIMIT_MS);
      const stop = () => {
        clearTimeout(limit);
        waiting.delete(check);
      };
      const check = () => {
        if (isThere()) {
          stop();
          resolve(text);
        } else if (ended) {
          fail("the connection ended");
        }
      };
      waiting.add(check);
      check();
    });
  return {
    socket,
    get text() {
      return text;
    },
    send: (bytes) => socket.write(bytes),
    expect: (pattern) => until(String(pattern), () => pattern.test(text)),
    ended: () => until("the end", () => ended),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
