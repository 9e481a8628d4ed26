// A peaceful client in the same process, node:http2's own, which calls a server
// of ours all the time. Whatever others do to their connections must not matter
// to it.

import { once } from "node:events";
import { connect } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { text } from "node:stream/consumers";
import {
  createHeaderBlock,
  createServerConnection,
  type StreamHandler,
} from "../../../wire/index.ts";

/** The neighbour. Dispose of it to end its calls. */
export interface Neighbour extends AsyncDisposable {
  /** Calls that have succeeded. */
  readonly calls: number;
  /** Why a call has not. */
  readonly failure: unknown;
  /** Wait for a call that begins after this one. */
  nextCall(): Promise<void>;
}

const BODY = Buffer.from("neighbour ".repeat(1_000));

const handler: StreamHandler = {
  onData: (stream, data) => stream.consume(data.length),
  onTrailers() {},
  onSent() {},
  onClose() {},
};

/** Begin; resolves after the first call. */
export async function startNeighbour(): Promise<Neighbour> {
  const ok = createHeaderBlock([[":status", "200"]]);
  const server = createServer((socket) => {
    createServerConnection(socket, {
      onRequest(stream) {
        stream.handler = handler;
        stream.respond(ok);
        stream.write(BODY, true);
      },
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {}); // the calls tell
  const call = async () => {
    const stream = session.request({ ":path": "/" });
    const body = await text(stream);
    if (body.length !== BODY.length) throw new Error("the body is not whole");
    calls++;
  };
  let calls = 0;
  let failure: unknown;
  let stopped = false;
  await call();
  let current = call();
  const loop = (async () => {
    while (!stopped) {
      await current;
      current = call();
    }
    await current;
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    get calls() {
      return calls;
    },
    get failure() {
      return failure;
    },
    async nextCall() {
      const target = calls + 2;
      while (calls < target && failure === undefined)
        await Promise.race([current.catch(() => {}), loop]);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await loop;
      session.close();
      server.close();
      await once(server, "close");
    },
  };
}
