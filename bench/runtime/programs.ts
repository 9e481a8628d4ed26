// Starts the programs of programs/, each by the name it has in the tables.

import { type OwnSubject, startProgram } from "../support/subject.ts";

/** The services on our runtime; `flags` are for the program. */
export function startService(
  name = "portolan",
  ...flags: readonly string[]
): Promise<OwnSubject> {
  return start(name, "service.ts", ...flags);
}

/**
 * On connect-node, on Node's server for either version, or with windows as
 * large as ours.
 */
export function startConnectNode(
  kind: "http1" | "http2" | "windows",
): Promise<OwnSubject> {
  const name = kind === "windows" ? "... with our windows" : "connect-node";
  return start(name, "connect-node-server.ts", kind);
}

/** On @grpc/grpc-js. */
export function startGrpcJs(): Promise<OwnSubject> {
  return start("grpc-js", "grpc-js-server.ts");
}

/** node:http with one answer to everything. */
export function startNodeHttp(): Promise<OwnSubject> {
  return start("node:http, canned", "node-http-server.ts");
}

/** A server on wire that answers every greeting at once, for clients. */
export function startCannedServer(): Promise<OwnSubject> {
  return startProgram("wire, canned", "wire/programs/wire-server.ts");
}

/** A client of the server on that port. */
export function startClient(
  name: "portolan" | "connect-node" | "grpc-js",
  port: number,
): Promise<OwnSubject> {
  const files = {
    portolan: "mesh-client.ts",
    "connect-node": "connect-node-client.ts",
    "grpc-js": "grpc-js-client.ts",
  };
  return start(name, files[name], port);
}

function start(
  name: string,
  file: string,
  ...args: readonly (string | number)[]
): Promise<OwnSubject> {
  return startProgram(name, `runtime/programs/${file}`, args);
}
