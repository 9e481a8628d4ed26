// node:http2 as either side of scripts.

import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Session,
  type Http2Stream,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
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

/** node:http2. */
export const nodeEngine: Engine = {
  startServer,
  connect: connectClient,
  endsBeforeReset: true,
};

async function startServer(
  { settings, paddingStrategy }: SideOptions,
  find: FindScript,
): Promise<ServerSide> {
  const server = createServer({ settings, paddingStrategy });
  const closed = Promise.withResolvers<number>();
  let session: ServerHttp2Session | undefined;
  server.on("session", (created) => {
    session = created;
    watchClose(created, closed.resolve);
  });
  server.on("stream", (stream, headers, _flags, raw) => {
    const { script, seen } = find(String(headers[":path"]));
    record(stream, seen, script.slowTurns);
    seen.onHeaders(raw, namesIn(headers));
    perform(script, seen, serverOutgoing(stream)).catch(failLoudly);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    disturb: (changes) => disturb(session, changes),
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      session?.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function connectClient(
  port: number,
  { settings, paddingStrategy }: SideOptions,
): ClientSide {
  const options = { settings, paddingStrategy };
  const session = connect(`http://127.0.0.1:${port}`, options);
  const closed = Promise.withResolvers<number>();
  watchClose(session, closed.resolve);
  return {
    ready: once(session, "remoteSettings").then(() => {}),
    async open({ fields, end, withTrailers }, slowTurns, seen) {
      const raw = toRaw(fields) as unknown as OutgoingHttpHeaders;
      const stream = session.request(raw, {
        endStream: end,
        waitForTrailers: withTrailers,
      });
      record(stream, seen, slowTurns);
      stream.on("headers", (_headers, _flags, fields) =>
        seen.onInformation(fields),
      );
      stream.on("response", (headers, _flags, fields) =>
        seen.onHeaders(fields, namesIn(headers)),
      );
      return outgoing(stream);
    },
    disturb: (changes) => disturb(session, changes),
    settle: () => new Promise((resolve) => session.ping(() => resolve())),
    close() {
      session.close();
      return closed.promise;
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await closed.promise;
    },
  };
}

/** Resolve with the error code of the connection: that of GOAWAY, 0 if none. */
function watchClose(session: Http2Session, resolve: (code: number) => void) {
  let code = 0;
  session.on("goaway", (received) => {
    code = received;
  });
  session.on("error", () => {
    // An error of our own without GOAWAY from the peer is one as well.
    code ||= -1;
  });
  session.once("close", () => resolve(code));
}

function disturb(
  session: ClientHttp2Session | ServerHttp2Session | undefined,
  settings: SideOptions["settings"],
): void {
  if (session === undefined || session.closed || session.destroyed) return;
  session.settings(settings);
  session.ping(() => {});
}

/** Streams that we reset ourselves, with whatever code. */
const hasReset = new WeakSet<Http2Stream>();

/** What `onData` to `onClose` of our engine's handlers are. */
function record(stream: Http2Stream, seen: Recorder, slowTurns: number): void {
  stream.on("data", (piece: Buffer) => {
    seen.onData(piece);
    if (slowTurns === 0) return;
    stream.pause();
    passTurns(slowTurns).then(() => stream.resume(), failLoudly);
  });
  // Also emitted because of a reset, whose code is there already.
  stream.on("end", () => {
    if (!stream.rstCode && !hasReset.has(stream)) seen.onEnd();
  });
  stream.on("trailers", (_headers, _flags, raw) => seen.onTrailers(raw));
  // Its code tells all that there is to know.
  stream.on("error", () => {});
  stream.once("close", () => seen.onClose(stream.rstCode ?? 0));
}

function outgoing(stream: Http2Stream): Outgoing {
  let trailers: readonly Field[] | undefined;
  const closed = new Promise((resolve) => stream.once("close", resolve));
  stream.on("wantTrailers", () =>
    stream.sendTrailers(toObject(trailers ?? [])),
  );
  return {
    inform() {},
    respond() {},
    async write(data, end) {
      const written = new Promise<void>((resolve) => {
        if (end) stream.end(data, () => resolve());
        else stream.write(data, () => resolve());
      });
      await Promise.race([written, closed]);
    },
    end(given) {
      trailers = given;
      stream.end();
    },
    reset(code) {
      hasReset.add(stream);
      stream.close(code);
    },
  };
}

function serverOutgoing(stream: ServerHttp2Stream): Outgoing {
  return {
    ...outgoing(stream),
    inform: (fields) => stream.additionalHeaders(toObject(fields)),
    respond(fields, end, withTrailers) {
      const raw = toRaw(fields) as unknown as OutgoingHttpHeaders;
      stream.respond(raw, {
        endStream: end,
        waitForTrailers: withTrailers,
        sendDate: false,
      } as Parameters<ServerHttp2Stream["respond"]>[1]);
    },
  };
}

/** The list form keeps the order of names that repeat. */
function toRaw(fields: readonly Field[]): string[] {
  const raw = fields.flatMap(({ name, value }) => [name, value]);
  return Object.assign(raw, { [sensitiveHeaders]: sensitiveNames(fields) });
}

function toObject(fields: readonly Field[]): OutgoingHttpHeaders {
  const object: OutgoingHttpHeaders = {};
  for (const { name, value } of fields) {
    const before = object[name];
    if (name === ":status") object[name] = value;
    else
      object[name] =
        before === undefined ? [value] : [before, value].flat().map(String);
  }
  return Object.assign(object, { [sensitiveHeaders]: sensitiveNames(fields) });
}

/** What came "never indexed". The types don't know of it. */
function namesIn(headers: object): string[] {
  return (headers as { [sensitiveHeaders]?: string[] })[sensitiveHeaders] ?? [];
}

function sensitiveNames(fields: readonly Field[]): string[] {
  const sensitive = fields.filter(({ isSensitive }) => isSensitive);
  return [...new Set(sensitive.map(({ name }) => name))];
}

/** A fault of the test itself: end it at once instead of waiting for a limit. */
function failLoudly(error: unknown): never {
  throw error;
}
