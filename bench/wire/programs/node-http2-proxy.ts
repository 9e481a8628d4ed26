// A proxy as one writes it with node:http2 at first: a stream for the caller, a
// stream for the backend, and pipes between them.
//
//   node bench/wire/programs/node-http2-proxy.ts 50051

import {
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { announce } from "../../support/announce.ts";

const backendPort = process.argv[2];
const backend = connect(`http://127.0.0.1:${backendPort}`);
const server = createServer({ settings: { maxConcurrentStreams: 1_000 } });
server.on("stream", relay);

function relay(caller: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const upstream = backend.request(headers);
  caller.pipe(upstream);
  caller.on("error", () => upstream.close());
  upstream.on("error", () => caller.close());
  let trailers: IncomingHttpHeaders = {};
  upstream.on("trailers", (received) => {
    trailers = received;
  });
  upstream.on("response", (received) => {
    caller.respond(received, { waitForTrailers: true });
    caller.on("wantTrailers", () => caller.sendTrailers(trailers));
    upstream.pipe(caller);
  });
}

await announce(server);
