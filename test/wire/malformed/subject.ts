// The engine's server role under test, in this process: it answers what reaches
// it with 200, and remembers what that was.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  createHeaderBlock,
  createServerConnection,
  type HeaderBlock,
  type Limits,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";

/** What reached the handler of one request. */
export interface Reached {
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  body: string;
  trailers: readonly (readonly [name: string, value: string])[];
  /** The request has ended as a complete one ends. */
  complete: boolean;
  /** How the stream was closed: "end", or by whom and with which code. */
  closed: string | undefined;
}

/** A server, and what reached it. */
export interface Subject extends AsyncDisposable {
  readonly port: number;
  readonly reached: readonly Reached[];
  /** How connections ended. */
  readonly goodbyes: readonly { code: number; reason: string }[];
}

/** Listen on a port of the loopback address. */
export async function startSubject(limits?: Limits): Promise<Subject> {
  const sockets = new Set<Socket>();
  const reached: Reached[] = [];
  const goodbyes: { code: number; reason: string }[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    createServerConnection(socket, {
      ...(limits === undefined ? {} : { limits }),
      onRequest(stream, headers, endStream) {
        const request = createReached(headers);
        reached.push(request);
        stream.handler = createHandler(request);
        if (endStream) complete(stream, request);
      },
      onClose: (code, reason) => goodbyes.push({ code, reason }),
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...{ reached, goodbyes },
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createReached(headers: HeaderBlock): Reached {
  return {
    path: headers.path ?? "",
    fields: pairsOf(headers),
    ...{ body: "", trailers: [], complete: false, closed: undefined },
  };
}

function pairsOf(headers: HeaderBlock): [string, string][] {
  return headers.fields.map(({ name, value }) => [name, value]);
}

function createHandler(request: Reached): StreamHandler {
  return {
    onData(stream, data, endStream) {
      request.body += data.toString("latin1");
      stream.consume(data.length);
      if (endStream) complete(stream, request);
    },
    onTrailers(stream, trailers) {
      request.trailers = pairsOf(trailers);
      complete(stream, request);
    },
    onSent() {},
    onClose(stream, code) {
      const by = stream.closedBy ?? "nobody";
      request.closed = by === "end" ? by : `${by} ${code}`;
    },
  };
}

function complete(stream: Stream, request: Reached): void {
  request.complete = true;
  stream.respond(createHeaderBlock([[":status", "200"]]));
  stream.end();
}
