// The engine's two roles on real sockets, both in this process: servers whose
// requests a test answers by hand, and clients whose calls it watches.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import {
  type ClientConnection,
  type ClientConnectionOptions,
  type Connection,
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  createStats,
  type HeaderBlock,
  type ServerConnectionOptions,
  type Stream,
  type StreamHandler,
  type WireStats,
} from "../../../wire/index.ts";

export const OK: HeaderBlock = createHeaderBlock([[":status", "200"]]);

/** A header block of a request, with fields after the pseudo-headers. */
export function requestOf(
  path: string,
  fields: readonly (readonly [name: string, value: string])[] = [],
): HeaderBlock {
  return createHeaderBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "test"],
    [":path", path],
    ...fields,
  ]);
}

/** Writes down what happens on a stream, and tells whoever waits for it. */
export class Diary implements StreamHandler {
  /** One word for each call: "response 200", "data 5", "close end". */
  readonly events: string[] = [];
  /** Whether bodies are consumed as they come. */
  consumes = true;
  bodyBytes = 0;
  body = "";
  information: HeaderBlock[] = [];
  response: HeaderBlock | undefined;
  trailers: HeaderBlock | undefined;
  /** Called after each event, on top of writing it down. */
  onEvent: ((event: string, stream: Stream) => void) | undefined;

  onInformation(stream: Stream, headers: HeaderBlock) {
    this.information.push(headers);
    this.#note(`information ${headers.status}`, stream);
  }

  onResponse(stream: Stream, headers: HeaderBlock, endStream: boolean) {
    this.response = headers;
    this.#note(`response ${headers.status}${endStream ? " end" : ""}`, stream);
  }

  onData(stream: Stream, data: Buffer, endStream: boolean) {
    this.bodyBytes += data.length;
    if (this.bodyBytes < 10_000) this.body += data.toString("latin1");
    if (this.consumes) stream.consume(data.length);
    this.#note(`data ${data.length}${endStream ? " end" : ""}`, stream);
  }

  onTrailers(stream: Stream, trailers: HeaderBlock) {
    this.trailers = trailers;
    this.#note("trailers", stream);
  }

  onSent(stream: Stream) {
    this.#note("sent", stream);
  }

  onClose(stream: Stream, code: number) {
    const by = stream.closedBy ?? "nobody";
    this.#note(by === "end" ? "close end" : `close ${by} ${code}`, stream);
  }

  #note(event: string, stream: Stream) {
    this.events.push(event);
    this.onEvent?.(event, stream);
  }
}

/** A request that reached a server. */
export interface Arrival {
  readonly stream: Stream;
  readonly headers: HeaderBlock;
  readonly endStream: boolean;
  readonly diary: Diary;
}

/** A server, and what reached it. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly stats: WireStats;
  readonly connections: readonly Connection[];
  readonly arrivals: readonly Arrival[];
  /** How connections ended. */
  readonly goodbyes: readonly string[];
}

/** Listen. Each request is handed to `onArrival`, which may answer at once. */
export async function startServer(
  onArrival: (arrival: Arrival) => void = () => {},
  options: Partial<ServerConnectionOptions> = {},
): Promise<Server> {
  const stats = options.stats ?? createStats();
  const sockets = new Set<Socket>();
  const connections: Connection[] = [];
  const arrivals: Arrival[] = [];
  const goodbyes: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = createServerConnection(socket, {
      ...options,
      stats,
      onRequest(stream, headers, endStream) {
        const arrival = { stream, headers, endStream, diary: new Diary() };
        stream.handler = arrival.diary;
        arrivals.push(arrival);
        onArrival(arrival);
      },
      onClose: (code, reason) => goodbyes.push(`${code} ${reason}`),
    });
    connections.push(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...{ stats, connections, arrivals, goodbyes },
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A call of a client's. */
export interface Call {
  readonly stream: Stream;
  readonly diary: Diary;
}

/** A client, and what it hears. */
export interface Client extends Disposable {
  readonly connection: ClientConnection;
  readonly socket: Socket;
  readonly stats: WireStats;
  /** "settings", "goaway <code> <last id>", "available", "close <code>". */
  readonly events: readonly string[];
  /** Make a call that must find a slot. Doesn't end the request. */
  call(headers?: HeaderBlock, endStream?: boolean): Call;
}

/** Connect; the connection may be used at once. */
export function connectClient(
  port: number,
  options: ClientConnectionOptions = {},
): Client {
  const stats = options.stats ?? createStats();
  const events: string[] = [];
  const socket = connect(port, "127.0.0.1");
  const connection = createClientConnection(socket, {
    ...options,
    stats,
    onSettings: () => events.push("settings"),
    onGoaway: (code, lastId) => events.push(`goaway ${code} ${lastId}`),
    onAvailable: () => events.push("available"),
    onClose: (code, reason) => events.push(`close ${code} ${reason}`),
  });
  return {
    ...{ connection, socket, stats, events },
    call(headers = requestOf("/"), endStream = false) {
      const diary = new Diary();
      const stream = connection.request(headers, endStream, diary);
      if (stream === undefined) throw new Error("there is no slot");
      return { stream, diary };
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** So many turns are looked at one by one, then a few per second. */
const QUICK_TURNS = 200;

/** Wait until it is so: mostly a matter of a few turns of the event loop. */
export async function turnsUntil(
  what: string,
  isSo: () => boolean,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let turns = 0; !isSo(); turns++) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    if (turns < QUICK_TURNS) await setImmediate();
    else await setTimeout(5);
  }
}
