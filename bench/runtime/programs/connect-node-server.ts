// The services on connect-node, on either of Node's servers.
//
//   node bench/runtime/programs/connect-node-server.ts http1|http2|windows
//
// "windows" is HTTP/2, and takes as much unasked as our runtime does instead of
// the 64 KiB of Node's default.

import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { internalLimits } from "../../../wire/index.ts";
import { announce } from "../../support/announce.ts";
import { routes } from "../routes.ts";

const handler = connectNodeAdapter({ routes });
// Sessions refuse streams once they hold 10 MB, if nothing else is said.
const maxSessionMemory = 1_000;

function createServer(kind: string | undefined) {
  if (kind === "http1") return createHttp1Server(handler);
  if (kind === "http2") return createHttp2Server({ maxSessionMemory }, handler);
  const { streamWindowBytes, connectionWindowBytes } = internalLimits;
  const settings = { initialWindowSize: streamWindowBytes };
  const server = createHttp2Server({ maxSessionMemory, settings }, handler);
  server.on("session", (session) => {
    session.setLocalWindowSize(connectionWindowBytes);
  });
  return server;
}

await announce(createServer(process.argv[2]));
