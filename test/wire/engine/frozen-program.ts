// A server in a process of its own, to be frozen: it answers "/ok", and never
// anything else. Says its port in one line, and ends with its standard input.

import { type AddressInfo, createServer } from "node:net";
import {
  createHeaderBlock,
  createServerConnection,
} from "../../../wire/index.ts";

const server = createServer((socket) => {
  createServerConnection(socket, {
    onRequest(stream, headers) {
      if (headers.path !== "/ok") return;
      stream.respond(createHeaderBlock([[":status", "200"]]), true);
    },
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${port}\n`);
});
process.stdin.resume().on("end", () => process.exit());
