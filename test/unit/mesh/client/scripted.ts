// An instance on a real port that does with each call just what a test says.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  type Connection,
  createHeaderBlock,
  createServerConnection,
  internalLimits,
  type Limits,
  resolveLimits,
} from "../../../../wire/index.ts";
import { Recorder } from "../../gateway/recorder.ts";

/** What an instance answers. */
export interface Answer {
  /** Header fields; with ":status". */
  readonly head: readonly (readonly [name: string, value: string])[];
  /** Pieces of the body, each in a frame of its own. */
  readonly body?: readonly Uint8Array[];
  /** Undefined for an end without trailers. */
  readonly trailers?: readonly (readonly [name: string, value: string])[];
  /** Reset the stream with this code, in place of an end. */
  readonly reset?: number;
}

/** A running instance. */
export interface Scripted extends AsyncDisposable {
  /** "127.0.0.1:port" */
  readonly address: string;
  readonly connections: readonly Connection[];
  /** The calls that came, in order. */
  readonly calls: readonly Recorder[];
  /** Resolves with the call of that number, from 0, once it is there. */
  call(number: number): Promise<Recorder>;
  /** Break all connections, without a word. */
  cut(): void;
}

/** What an instance is told. */
export interface ScriptedOptions {
  readonly limits?: Partial<Limits>;
  /** What to do with each call as it begins. Defaults to nothing. */
  onCall?(call: Recorder, number: number): void;
}

/** Start an instance. */
export async function startScripted(
  options: ScriptedOptions = {},
): Promise<Scripted> {
  const connections: Connection[] = [];
  const calls: Recorder[] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = createServerConnection(socket, {
      limits: resolveLimits(internalLimits, options.limits ?? {}),
      onRequest(stream, headers, endStream) {
        const call = new Recorder(headers);
        call.ended = endStream;
        stream.handler = call;
        call.sent(stream);
        calls.push(call);
        options.onCall?.(call, calls.length - 1);
        for (const check of [...waiting]) check();
      },
    });
    connections.push(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    calls,
    call: (number) =>
      new Promise((resolve) => {
        const check = () => {
          const call = calls[number];
          if (call === undefined) return;
          waiting.delete(check);
          resolve(call);
        };
        waiting.add(check);
        check();
      }),
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answer a call, once all of its request is there. */
export async function answer(call: Recorder, given: Answer): Promise<void> {
  await call.until(() => call.ended);
  const { stream } = call;
  const { head, body = [], trailers, reset } = given;
  const isHeadOnly =
    body.length === 0 && trailers === undefined && reset === undefined;
  stream.respond(createHeaderBlock(head), isHeadOnly);
  for (const piece of body) stream.write(piece);
  if (reset !== undefined) stream.reset(reset);
  else if (!isHeadOnly)
    stream.end(
      trailers === undefined ? undefined : createHeaderBlock(trailers),
    );
}

/** An envelope, as gRPC has them. */
export function envelope(message: Uint8Array, flags = 0): Uint8Array {
  const bytes = Buffer.alloc(5 + message.length);
  bytes[0] = flags;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}
