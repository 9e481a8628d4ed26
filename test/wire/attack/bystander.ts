// A peaceful client, node:http2's own, which calls the server under attack all
// the time, one call after the other, and looks at the server's memory between
// them. Not one of its calls may fail.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { text } from "node:stream/consumers";
import type { Victim } from "./victim.ts";

/** The memory is looked at after so many calls: garbage collection is slow. */
const CALLS_PER_LOOK = 20;

/** No call may take longer, in milliseconds. */
const CALL_LIMIT_MS = 10_000;

/** The peaceful client. Disposing of it ends its calls. */
export interface Bystander extends AsyncDisposable {
  /** How many calls have succeeded. */
  readonly calls: number;
  /** The most that the server held in memory, in bytes. */
  readonly peakBytes: number;
  /** Wait for calls that began after this one, and a look at the memory. */
  moreCalls(): Promise<void>;
  /** Throw if a call has failed. */
  check(): void;
}

/** Begin; resolves after the first calls and the first look at the memory. */
export async function startBystander(victim: Victim): Promise<Bystander> {
  const session = connect(`http://127.0.0.1:${victim.port}`);
  session.on("error", () => {}); // the calls tell
  let calls = 0;
  let rounds = 0;
  let peakBytes = 0;
  let stopped = false;
  const round = async () => {
    for (let i = 0; i < CALLS_PER_LOOK; i++) {
      await call(session);
      calls++;
    }
    peakBytes = Math.max(peakBytes, await victim.memoryBytes());
    rounds++;
  };
  await round();
  await round();
  let failure: unknown;
  let current = round();
  const loop = (async () => {
    while (!stopped) {
      await current;
      current = round();
    }
    await current;
  })().catch((error: unknown) => {
    failure = error;
  });
  const bystander: Bystander = {
    get calls() {
      return calls;
    },
    get peakBytes() {
      return peakBytes;
    },
    check() {
      if (failure === undefined) return;
      const message = `the peaceful client suffered after ${calls} calls`;
      throw new Error(message, { cause: failure });
    },
    async moreCalls() {
      // The one under way began earlier.
      const target = rounds + 2;
      while (rounds < target && failure === undefined) {
        await Promise.race([loop, current.catch(() => {})]);
      }
      bystander.check();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await loop;
      session.destroy();
    },
  };
  return bystander;
}

async function call(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({ ":path": "/ok" });
  stream.setTimeout(CALL_LIMIT_MS, () => {
    stream.destroy(new Error("no answer in time"));
  });
  const [headers] = await once(stream, "response");
  assert.equal(headers[":status"], 200);
  assert.equal(await text(stream), "ok");
}
