// A gRPC-shaped server on wire: every call gets the same answer, a header
// block, a message and trailers. They leave in one write, together with those
// of all other calls that came in at the same time.

import { createServer } from "node:net";
import {
  createHeaderBlock,
  createServerConnection,
  createStats,
  internalLimits,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";
import { announce } from "../../support/announce.ts";

const headers = createHeaderBlock([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const message = Buffer.from("\0\0\0\0\x06\x0a\x04grpc", "latin1");
const trailers = createHeaderBlock([["grpc-status", "0"]]);

/** One handler for all calls: what a call needs is in its stream. */
const caller: StreamHandler = {
  onData(stream, data, endStream) {
    stream.consume(data.length);
    if (endStream) answer(stream);
  },
  onTrailers: answer,
  onSent() {},
  onClose() {},
};

function answer(stream: Stream): void {
  stream.respond(headers);
  stream.write(message);
  stream.end(trailers);
}

const stats = createStats();
const server = createServer({ noDelay: true }, (socket) => {
  createServerConnection(socket, {
    limits: internalLimits,
    stats,
    onRequest(stream, _headers, endStream) {
      stream.handler = caller;
      if (endStream) answer(stream);
    },
  });
});
await announce(server, () => stats.socketWrites);
