// Our engine as either side of scripts.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import {
  type ClientConnection,
  type Connection,
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  edgeLimits,
  type HeaderBlock,
  HeaderField,
  internalLimits,
  resolveLimits,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";
import type { Field } from "./exchange.ts";
import type { Recorder } from "./recorder.ts";
import {
  type ClientSide,
  type Engine,
  type FindScript,
  type Outgoing,
  passTurns,
  perform,
  type ServerSide,
  type SideOptions,
} from "./side.ts";

/** Our engine: strangers' limits as a server, our own as a client. */
export const wireEngine: Engine = {
  startServer,
  connect: connectClient,
  endsBeforeReset: false,
};

async function startServer(
  options: SideOptions,
  find: FindScript,
): Promise<ServerSide> {
  const closed = Promise.withResolvers<number>();
  let connection: Connection | undefined;
  let socket: Socket | undefined;
  const server = createServer((accepted) => {
    socket = accepted;
    connection = createServerConnection(accepted, {
      limits: resolveLimits(edgeLimits, options.limits),
      onRequest(stream, headers, endStream) {
        const { script, seen } = find(headers.path ?? "");
        const observer = new Observer(seen, script.slowTurns);
        stream.handler = observer;
        observer.onHeaders(headers, endStream);
        perform(script, seen, outgoing(stream, observer)).catch(failLoudly);
      },
      onClose(code) {
        assert.equal(connection?.openStreams, 0, "streams after the close");
        closed.resolve(code);
      },
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    disturb: () => connection?.ping(() => {}),
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      socket?.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function connectClient(port: number, options: SideOptions): ClientSide {
  const closed = Promise.withResolvers<number>();
  const ready = Promise.withResolvers<void>();
  let available = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1");
  const connection = createClientConnection(socket, {
    limits: resolveLimits(internalLimits, options.limits),
    onSettings: () => ready.resolve(),
    onAvailable() {
      available.resolve();
      available = Promise.withResolvers();
    },
    onClose: (code) => closed.resolve(code),
  });
  return {
    ready: ready.promise,
    async open({ fields, end }, slowTurns, seen) {
      const headers = toBlock(fields);
      const observer = new Observer(seen, slowTurns);
      const stream = await openStream(
        connection,
        headers,
        end,
        observer,
        () => available.promise,
      );
      return outgoing(stream, observer);
    },
    disturb: () => connection.ping(() => {}),
    settle: () => new Promise((resolve) => connection.ping(() => resolve())),
    close() {
      assert.equal(connection.openStreams, 0, "streams after the last one");
      connection.drain();
      return closed.promise;
    },
    async [Symbol.asyncDispose]() {
      if (socket.closed) return;
      socket.destroy();
      await once(socket, "close");
    },
  };
}

async function openStream(
  connection: ClientConnection,
  headers: HeaderBlock,
  end: boolean,
  observer: Observer,
  available: () => Promise<void>,
): Promise<Stream> {
  for (;;) {
    const stream = connection.request(headers, end, observer);
    if (stream !== undefined) return stream;
    assert.equal(connection.state, "open", "a request on a closed connection");
    await available();
  }
}

/** Writes down what a handler is told, and gives credit for it, late or not. */
class Observer implements StreamHandler {
  readonly #seen: Recorder;
  readonly #slowTurns: number;
  #waiting: (() => void)[] = [];

  constructor(seen: Recorder, slowTurns: number) {
    this.#seen = seen;
    this.#slowTurns = slowTurns;
  }

  /** Of a request or a response. */
  onHeaders(headers: HeaderBlock, endStream: boolean): void {
    const sensitive = headers.fields.filter((it) => it.neverIndexed);
    this.#seen.onHeaders(
      toRaw(headers),
      sensitive.map(({ name }) => name),
    );
    if (endStream) this.#seen.onEnd();
  }

  onInformation(_stream: Stream, headers: HeaderBlock): void {
    this.#seen.onInformation(toRaw(headers));
  }

  onResponse(_stream: Stream, headers: HeaderBlock, endStream: boolean): void {
    this.onHeaders(headers, endStream);
  }

  onData(stream: Stream, data: Buffer, endStream: boolean): void {
    this.#seen.onData(data);
    if (endStream) this.#seen.onEnd();
    const consume = () => stream.consume(data.length);
    if (this.#slowTurns === 0) consume();
    else passTurns(this.#slowTurns).then(consume, failLoudly);
  }

  onTrailers(_stream: Stream, trailers: HeaderBlock): void {
    this.#seen.onTrailers(toRaw(trailers));
    this.#seen.onEnd();
  }

  onSent(stream: Stream): void {
    if (stream.queuedBytes === 0) this.#release();
  }

  onClose(stream: Stream, code: number): void {
    assert.equal(stream.closed, true);
    this.#release();
    this.#seen.onClose(code);
  }

  /** Resolves when nothing is queued, or the stream is closed. */
  sent(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function outgoing(stream: Stream, observer: Observer): Outgoing {
  return {
    inform: (fields) => stream.inform(toBlock(fields)),
    respond: (fields, end) => stream.respond(toBlock(fields), end),
    async write(data, end) {
      if (!stream.write(data, end)) await observer.sent();
    },
    end: (trailers) => stream.end(trailers && toBlock(trailers)),
    reset(code) {
      stream.reset(code);
      assert.equal(stream.closed, true, "onClose comes before reset() returns");
    },
  };
}

function toBlock(fields: readonly Field[]): HeaderBlock {
  return createHeaderBlock(
    fields.map(
      ({ name, value, isSensitive }) =>
        new HeaderField(name, value, isSensitive ?? false),
    ),
  );
}

function toRaw(headers: HeaderBlock): string[] {
  return headers.fields.flatMap(({ name, value }) => [name, value]);
}

/** A fault of the test itself: end it at once instead of waiting for a limit. */
function failLoudly(error: unknown): never {
  throw error;
}
