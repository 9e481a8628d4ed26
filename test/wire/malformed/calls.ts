// The engine's client role under test, in this process, against a raw server:
// it makes calls and remembers what comes back.

import { once } from "node:events";
import { connect } from "node:net";
import {
  type ClientConnection,
  createClientConnection,
  createHeaderBlock,
  type HeaderBlock,
  type Stream,
} from "../../../wire/index.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import type {
  RawServer,
  RawServerPeer,
} from "../../support/raw-http2/server.ts";

/** A call, and what came of it. */
export interface Call {
  readonly stream: Stream;
  readonly information: number[];
  status: number;
  body: string;
  trailers: readonly Field[];
  /** The response has ended as a complete one ends. */
  complete: boolean;
  /** "end", or who closed the stream and the code: "local 1" for example. */
  readonly closed: Promise<string>;
}

/** A connection whose other end is a raw server's. */
export interface Caller extends Disposable {
  readonly connection: ClientConnection;
  readonly peer: RawServerPeer;
  readonly goodbye: Promise<{ code: number; reason: string }>;
  /** The arguments of each GOAWAY: its code and last stream id. */
  readonly goaways: [code: number, lastStreamId: number][];
  /** How often there was room again. */
  available: number;
  /** Make a call that must find a slot. Ends the request unless told not to. */
  call(options?: { method?: string; endStream?: boolean }): Call;
  /** Make a call if there is a slot. */
  tryCall(): Call | undefined;
}

/** Connect a client of ours to a raw server. */
export async function connectCaller(server: RawServer): Promise<Caller> {
  const goodbye = Promise.withResolvers<{ code: number; reason: string }>();
  const goaways: [number, number][] = [];
  const socket = connect(server.port, "127.0.0.1");
  const connection = createClientConnection(socket, {
    onGoaway: (code, lastId) => goaways.push([code, lastId]),
    onAvailable: () => caller.available++,
    onClose: (code, reason) => goodbye.resolve({ code, reason }),
  });
  await once(socket, "connect");
  const peer = await server.accept();
  const start = (method: string, endStream: boolean) => {
    const request = createHeaderBlock([
      ...([
        [":method", method],
        [":scheme", "http"],
      ] as const),
      ...([
        [":authority", "test"],
        [":path", "/ok"],
      ] as const),
    ]);
    return startCall((handler) =>
      connection.request(request, endStream, handler),
    );
  };
  const caller: Caller = {
    ...{ connection, peer, goaways, goodbye: goodbye.promise, available: 0 },
    call({ method = "GET", endStream = true } = {}) {
      const call = start(method, endStream);
      if (call === undefined) throw new Error("there is no slot");
      return call;
    },
    tryCall: () => start("GET", true),
    [Symbol.dispose]: () => socket.destroy(),
  };
  return caller;
}

type Handler = Parameters<ClientConnection["request"]>[2];

function startCall(
  request: (handler: Handler) => Stream | undefined,
): Call | undefined {
  const closed = Promise.withResolvers<string>();
  const stream = request({
    onInformation: (_stream, headers) => {
      call?.information.push(headers.status);
    },
    onResponse(_stream, headers, endStream) {
      if (call === undefined) return;
      call.status = headers.status;
      call.complete = endStream;
    },
    onData(stream, data, endStream) {
      if (call === undefined) return;
      stream.consume(data.length);
      call.body += data.toString("latin1");
      call.complete = endStream;
    },
    onTrailers(_stream, trailers) {
      if (call === undefined) return;
      call.trailers = pairsOf(trailers);
      call.complete = true;
    },
    onSent() {},
    onClose(stream, code) {
      const by = stream.closedBy ?? "nobody";
      closed.resolve(by === "end" ? by : `${by} ${code}`);
    },
  });
  const call: Call | undefined = stream && {
    ...{ stream, information: [], status: 0, body: "", trailers: [] },
    ...{ complete: false, closed: closed.promise },
  };
  return call;
}

function pairsOf(headers: HeaderBlock): Field[] {
  return headers.fields.map(({ name, value }) => [name, value]);
}
