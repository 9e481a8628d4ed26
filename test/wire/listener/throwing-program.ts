// A listener whose handlers throw where its one argument says, in a process of
// its own, because that is an uncaught exception. It survives those, and tells
// of each in a line; its first line is its port.

import {
  createHeaderBlock,
  createListener,
  type ServerStream,
} from "../../../wire/index.ts";

const [where = ""] = process.argv.slice(2);
const OK = createHeaderBlock([[":status", "200"]]);
const MUCH = Buffer.alloc(4_000_000, "x");

const listener = createListener({
  onRequest(stream, { path }, endStream) {
    const stumble = (place: string) => {
      if (path === "/bad" && place === where) throw new Error(`in ${place}`);
    };
    stream.handler = {
      onData(_stream, data, ends) {
        stream.consume(data.length);
        stumble("onData");
        if (ends) answer(stream);
      },
      onTrailers() {
        stumble("onTrailers");
        answer(stream);
      },
      onSent: () => stumble("onSent"),
      onClose() {
        say(`${path} is closed`);
        stumble("onClose");
      },
    };
    stumble("onRequest");
    if (endStream) answer(stream);
  },
});

function answer(stream: ServerStream) {
  stream.respond(OK);
  // More than may be on its way at a time: the rest is queued.
  stream.write(where === "onSent" ? MUCH : Buffer.from("answer"), true);
}

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

process.on("uncaughtException", (error) => say(`uncaught ${error.message}`));
const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
say(String(port));
process.stdin.resume().on("end", () => process.exit());
