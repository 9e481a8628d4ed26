// A real server with interceptors, and a logger whose lines a test can await.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import {
  ConnectError,
  type ConnectRouter,
  type Interceptor,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Logger, pino } from "pino";

export interface TestServer extends AsyncDisposable {
  readonly baseUrl: string;
}

/** Start a server of one HTTP version on a free port. */
export async function startServer(options: {
  httpVersion: "1.1" | "2";
  routes: (router: ConnectRouter) => void;
  interceptors: Interceptor[];
}): Promise<TestServer> {
  const { httpVersion, routes, interceptors } = options;
  const handler = connectNodeAdapter({ routes, interceptors });
  const http1 = httpVersion === "1.1" ? createHttp1Server(handler) : undefined;
  const http2 = httpVersion === "2" ? createHttp2Server(handler) : undefined;
  const server = http1 ?? http2;
  if (server === undefined) throw new Error("no such HTTP version");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      // An HTTP/2 server of Node 24 says goodbye to its sessions by itself.
      http1?.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A parsed log line. */
export type Line = Readonly<Record<string, unknown>>;

export interface TestLog {
  readonly logger: Logger;
  /** Every line so far, as it was written. */
  readonly text: string[];
  /** The next line that nobody took yet, waiting for it if need be. */
  next(): Promise<Line>;
}

/** Create a logger of level "debug" that keeps what it writes. */
export function createTestLog(): TestLog {
  const lines = new PassThrough({ objectMode: true });
  const text: string[] = [];
  const logger = pino(
    { level: "debug", formatters: { level: (label) => ({ level: label }) } },
    {
      write(line: string) {
        text.push(line);
        lines.write(JSON.parse(line));
      },
    },
  );
  return {
    logger,
    text,
    async next() {
      let line: Line | null = lines.read();
      while (line === null) {
        await once(lines, "readable");
        line = lines.read();
      }
      return line;
    },
  };
}

/** All messages of a stream. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** What a call failed with; fails itself if it did not. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<ConnectError> {
  const [result] = await Promise.allSettled([promise]);
  assert.equal(result.status, "rejected");
  return ConnectError.from(result.reason);
}
