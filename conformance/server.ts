// The server under test. The runner starts one process for each kind of server
// (protocol, HTTP version, TLS), tells it on standard input what is wanted, and
// ends it with SIGTERM.

import type { TlsOptions } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { createServiceServer } from "../runtime/index.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./.cache/gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { readMessages, writeMessage } from "./frames.ts";
import { registry } from "./metadata.ts";
import { conformanceRoutes } from "./service.ts";

const HOST = "127.0.0.1";

const { value: request } = await readMessages(
  ServerCompatRequestSchema,
  process.stdin,
).next();
if (request === undefined) throw new Error("no request on standard input");

const tls = toTlsOptions(request);
const server = createServiceServer({
  routes: conformanceRoutes,
  readMaxBytes: request.messageReceiveLimit,
  jsonOptions: { registry },
  ...(tls && { tls }),
});
const { port } = await server.listen({ host: HOST, port: 0 });
process.once("SIGTERM", () => void server.close().then(() => process.exit()));

const response = create(ServerCompatResponseSchema, {
  host: HOST,
  port,
  ...(request.serverCreds && { pemCert: request.serverCreds.cert }),
});
await writeMessage(ServerCompatResponseSchema, response, process.stdout);

/** The certificate is the one that the runner offers. */
function toTlsOptions(request: ServerCompatRequest): TlsOptions | undefined {
  const { useTls, serverCreds, clientTlsCert } = request;
  if (!useTls) return undefined;
  if (serverCreds === undefined) throw new Error("no certificate to use");
  const { cert, key } = serverCreds;
  const own = { cert: Buffer.from(cert), key: Buffer.from(key) };
  if (clientTlsCert.length === 0) return own;
  const ca = Buffer.from(clientTlsCert);
  return { ...own, ca, requestCert: true, rejectUnauthorized: true };
}
