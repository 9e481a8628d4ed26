// A relay on wire: the calls of all callers go to one backend, on one
// connection. Bodies pass through unread; who writes faster than the other end
// reads has to wait, because bytes count as consumed when they have left.
//
//   node bench/wire/programs/relay.ts 50051

import { connect, createServer } from "node:net";
import {
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  createStats,
  ErrorCode,
  type HeaderBlock,
  internalLimits,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";
import { announce } from "../../support/announce.ts";

const backendPort = Number(process.argv[2]);
const limits = internalLimits;
const stats = createStats();
const socket = connect({ port: backendPort, host: "127.0.0.1", noDelay: true });
const backend = createClientConnection(socket, { limits, stats });

// A call is two streams, and the context of each is the other one. The
// handlers know nothing else, so one of each kind serves all calls.
const caller: StreamHandler = { onData, onTrailers, onSent, onClose };
const upstream: StreamHandler = {
  onInformation: (stream, headers) => otherEnd(stream).inform(headers),
  onResponse: (stream, headers, endStream) =>
    otherEnd(stream).respond(headers, endStream),
  ...caller,
};

function onRequest(
  stream: Stream,
  headers: HeaderBlock,
  endStream: boolean,
): void {
  const call = backend.request(toBackend(headers), endStream, upstream);
  if (call === undefined) {
    stream.reset(ErrorCode.refusedStream);
    return;
  }
  call.context = stream;
  stream.context = call;
  stream.handler = caller;
}

function onData(stream: Stream, data: Buffer, endStream: boolean): void {
  const other = otherEnd(stream);
  const queuedBefore = other.queuedBytes;
  other.write(data, endStream);
  stream.consume(data.length - (other.queuedBytes - queuedBefore));
}

function onTrailers(stream: Stream, trailers: HeaderBlock): void {
  otherEnd(stream).end(trailers);
}

function onSent(stream: Stream, bytes: number): void {
  otherEnd(stream).consume(bytes);
}

function onClose(stream: Stream, code: number): void {
  // Nothing to say if both sides have ended: then the other stream ends, too.
  if (stream.closedBy !== "end") otherEnd(stream).reset(code);
}

function otherEnd(stream: Stream): Stream {
  return stream.context as Stream;
}

/**
 * The header block that the backend gets. Made once for each block that comes:
 * the same request of the same caller has the same block, made or not.
 */
function toBackend(headers: HeaderBlock): HeaderBlock {
  headers.derived ??= createHeaderBlock([
    ...headers.fields,
    ["x-relayed-by", "portolan"],
  ]);
  return headers.derived as HeaderBlock;
}

const server = createServer({ noDelay: true }, (socket) => {
  createServerConnection(socket, { onRequest, limits, stats });
});
await announce(server, () => stats.socketWrites);
