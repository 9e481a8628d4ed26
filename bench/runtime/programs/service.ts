// The services on createServiceServer.
//
//   node bench/runtime/programs/service.ts [--interceptor]

import type { Interceptor } from "@connectrpc/connect";
import { createServiceServer } from "../../../runtime/index.ts";
import { announceProgram } from "../../support/announce.ts";
import { routes } from "../routes.ts";

/** Reads a header and awaits the answer, as most interceptors are. */
const readHeader: Interceptor = (next) => async (request) => {
  if (request.header.get("x-refuse") !== null) throw new Error("refused");
  return await next(request);
};

const server = createServiceServer({
  routes,
  interceptors: process.argv.includes("--interceptor") ? [readHeader] : [],
});
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
await announceProgram({
  port,
  connections: () => server.stats.openConnections,
  socketWrites: () => server.stats.socketWrites,
});
