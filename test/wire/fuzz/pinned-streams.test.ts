// Streams that were reset while they waited for a window must be forgotten at
// once, not when the window opens: a peer who never opens it could have us keep
// as many as it likes.

import assert from "node:assert/strict";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  createHeaderBlock,
  createServerConnection,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";
import {
  headers,
  PREFACE,
  rstStream,
  Setting,
  settings,
} from "../../support/raw-http2/frames.ts";
import { requestBlock } from "../../support/raw-http2/hpack.ts";
import { MemorySocket } from "./memory-socket.ts";

const STREAMS = 2_000;
/** Some may wait to be swept out. */
const MAX_KEPT = 300;
const CANCEL = 8;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** One for each stream: what is kept of it is kept of its stream. */
class Handler implements StreamHandler {
  onData(stream: Stream, data: Buffer) {
    stream.consume(data.length);
  }
  onTrailers() {}
  onSent() {}
  onClose() {}
}

it("forgets streams that were reset while the connection's window was shut", async () => {
  const handlers: WeakRef<Handler>[] = [];
  const answer = createHeaderBlock([[":status", "200"]]);
  const body = Buffer.alloc(70_000);
  const socket = new MemorySocket(() => {});
  const connection = createServerConnection(socket, {
    onRequest(stream) {
      const handler = new Handler();
      handlers.push(new WeakRef(handler));
      stream.handler = handler;
      stream.respond(answer);
      stream.write(body, true);
    },
  });
  await turn();
  socket.deliver(PREFACE);
  socket.deliver(settings([Setting.initialWindowSize, 1 << 20]));
  const block = requestBlock();
  for (let id = 1; id < 2 * STREAMS; id += 2) {
    socket.deliver(headers(id, block, { endStream: true }));
    socket.deliver(rstStream(id, CANCEL));
    if (id % 100 === 1) await turn();
  }
  await turn();
  collectGarbage();
  assert.equal(connection.state, "open");
  assert.equal(connection.openStreams, 0);
  assert.equal(handlers.length, STREAMS);
  const kept = handlers.filter((handler) => handler.deref() !== undefined);
  assert.ok(kept.length <= MAX_KEPT, `${kept.length} are kept`);
  connection.close();
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
