// The same answers as wire-server.ts gives, on the stream API of node:http2,
// as cheaply as it can be done there: no compatibility layer, no date, no
// stream that is read if nobody wants what it says.

import { createServer, type ServerHttp2Stream } from "node:http2";
import { announce } from "../../support/announce.ts";

const headers = { ":status": 200, "content-type": "application/grpc" };
const message = Buffer.from("\0\0\0\0\x06\x0a\x04grpc", "latin1");
const trailers = { "grpc-status": "0" };
const withTrailers = { waitForTrailers: true, sendDate: false };

const server = createServer({ settings: { maxConcurrentStreams: 1_000 } });
server.on("stream", (stream) => {
  stream.resume();
  stream.on("end", answer);
  stream.on("wantTrailers", sendTrailers);
});

function answer(this: ServerHttp2Stream): void {
  this.respond(headers, withTrailers);
  this.end(message);
}

function sendTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(trailers);
}

await announce(server);
