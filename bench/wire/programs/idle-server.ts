// Keeps connections that do nothing: bare sockets, or sockets with an HTTP/2
// connection of wire's on each.
//
//   node --expose-gc bench/wire/programs/idle-server.ts wire

import { createServer, type Socket } from "node:net";
import {
  createHeaderBlock,
  createServerConnection,
} from "../../../wire/index.ts";
import { announce } from "../../support/announce.ts";

const headers = createHeaderBlock([[":status", "200"]]);
const trailers = createHeaderBlock([["grpc-status", "0"]]);

function serve(socket: Socket): void {
  createServerConnection(socket, {
    onRequest(stream) {
      stream.respond(headers);
      stream.end(trailers);
    },
  });
}

// A bare one is read as well: a socket that nobody reads has fewer parts.
const isWire = process.argv[2] === "wire";
await announce(createServer(isWire ? serve : (socket) => socket.resume()));
