// Requests over our engine's client, for other people's servers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import {
  createClientConnection,
  createHeaderBlock,
  type HeaderBlock,
  keepBytes,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";

type Pair = readonly [name: string, value: string];

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: Buffer;
  readonly trailers: readonly Pair[] | undefined;
  /** The code with which the stream was closed, 0 for a good end. */
  readonly code: number;
}

/** A connection of our client's. Disposing of it waits until it is closed. */
export interface Caller extends AsyncDisposable {
  /** Send a request, and resolve when its stream is closed. */
  call(
    method: string,
    path: string,
    body?: Buffer,
    trailers?: readonly Pair[],
    headers?: readonly Pair[],
  ): Promise<Answer>;
  /** Open a stream with a handler of one's own. */
  open(headers: HeaderBlock, handler: StreamHandler): Promise<Stream>;
}

/** Connect to a port of the loopback address. */
export function startCaller(port: number): Caller {
  const socket = connect(port, "127.0.0.1");
  let available = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const connection = createClientConnection(socket, {
    onSettings: () => ready.resolve(),
    onAvailable() {
      available.resolve();
      available = Promise.withResolvers();
    },
    onClose: () => ready.resolve(),
  });
  const open = async (
    headers: HeaderBlock,
    end: boolean,
    handler: StreamHandler,
  ) => {
    // A request before that may be one too many.
    await ready.promise;
    for (;;) {
      const stream = connection.request(headers, end, handler);
      if (stream !== undefined) return stream;
      assert.equal(connection.state, "open");
      await available.promise;
    }
  };
  return {
    open: (headers, handler) => open(headers, false, handler),
    async call(method, path, body, trailers, fields = []) {
      const answered = Promise.withResolvers<Answer>();
      const headers = createHeaderBlock([
        [":method", method],
        [":scheme", "http"],
        [":path", path],
        [":authority", `127.0.0.1:${port}`],
        ...fields,
      ]);
      const isBare = body === undefined && trailers === undefined;
      const stream = await open(headers, isBare, collect(answered.resolve));
      if (body !== undefined) stream.write(body, trailers === undefined);
      if (trailers !== undefined) stream.end(createHeaderBlock(trailers));
      return answered.promise;
    },
    async [Symbol.asyncDispose]() {
      connection.drain();
      if (!socket.closed) await once(socket, "close");
    },
  };
}

function collect(done: (answer: Answer) => void): StreamHandler {
  let head: HeaderBlock | undefined;
  let trailers: readonly Pair[] | undefined;
  const pieces: Buffer[] = [];
  return {
    onResponse(_stream, headers) {
      head = headers;
    },
    onData(stream, data) {
      pieces.push(keepBytes(data));
      stream.consume(data.length);
    },
    onTrailers(_stream, block) {
      trailers = toPairs(block);
    },
    onSent() {},
    onClose(_stream, code) {
      done({
        status: head?.status ?? 0,
        headers: head === undefined ? [] : toPairs(head),
        body: Buffer.concat(pieces),
        trailers,
        code,
      });
    },
  };
}

function toPairs(headers: HeaderBlock): Pair[] {
  return headers.fields.map(({ name, value }) => [name, value] as const);
}
