// A server whose handlers throw where its one argument says, in a process of
// its own, because that is an uncaught exception. It survives those, and tells
// of each in a line; its first line is its port.

import { type AddressInfo, createServer } from "node:net";
import {
  createHeaderBlock,
  createServerConnection,
  type Stream,
} from "../../../wire/index.ts";

const [where = ""] = process.argv.slice(2);
const OK = createHeaderBlock([[":status", "200"]]);

/** What a path begins with says whether its handler throws. */
const isBad = new WeakSet<Stream>();

function stumble(stream: Stream, place: string) {
  if (isBad.has(stream) && place === where) throw new Error(`in ${place}`);
}

const server = createServer((socket) => {
  createServerConnection(socket, {
    onRequest(stream, headers, endStream) {
      if (headers.path === "/bad") isBad.add(stream);
      stream.handler = {
        onData(_stream, data, ends) {
          stream.consume(data.length);
          stumble(stream, "onData");
          if (ends) stream.respond(OK, true);
        },
        onTrailers() {
          stumble(stream, "onTrailers");
          stream.respond(OK, true);
        },
        onSent: () => stumble(stream, "onSent"),
        onClose() {
          stumble(stream, "onClose");
          if (headers.path === "/held") say("held is closed");
        },
      };
      stumble(stream, "onRequest");
      if (headers.path === "/large") {
        stream.respond(OK);
        stream.write(Buffer.alloc(2_000_000), true);
      } else if (where === "onSent" && isBad.has(stream)) {
        stream.respond(OK);
        // More than may be on its way at a time: the rest is queued.
        stream.write(Buffer.alloc(2_000_000), true);
      } else if (endStream && headers.path !== "/held") {
        stream.respond(OK, true);
      }
    },
    onClose: (code) => say(`closed ${code}`),
  });
});

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

process.on("uncaughtException", (error) => say(`uncaught ${error.message}`));
server.listen(0, "127.0.0.1", () => {
  say(`${(server.address() as AddressInfo).port}`);
});
process.stdin.resume().on("end", () => process.exit());
