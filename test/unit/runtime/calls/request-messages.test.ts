// Tests runtime/calls/request-messages.ts: messages come out as they went in,
// however the bytes were cut, every byte is paid for once, and what waits costs
// no more than its size.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code, ConnectError } from "@connectrpc/connect";
import { RequestMessages } from "../../../../runtime/calls/request-messages.ts";
import { Random } from "../../../support/random.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Messages that are their own bytes, and what was consumed of them. */
function createMessages(readMaxBytes = 1 << 22, endFlag = 0) {
  const consumed = { bytes: 0 };
  const messages = new RequestMessages({
    stream: {
      consume(bytes) {
        consumed.bytes += bytes;
      },
    },
    parse: (bytes) => bytes as never,
    compression: null,
    readMaxBytes,
    endFlag,
  });
  const next = async () => {
    const { done, value } = await messages.next();
    return done === true ? undefined : (value as unknown as Uint8Array);
  };
  return { messages, consumed, next };
}

function envelope(message: Uint8Array, flags = 0): Buffer {
  const head = Buffer.from([flags, 0, 0, 0, 0]);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

async function failureOf(next: () => Promise<unknown>): Promise<ConnectError> {
  const failure = await next().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(failure instanceof ConnectError, String(failure));
  return failure;
}

for (let seed = 1; seed <= 20; seed++) {
  test(`messages come out as they went in (seed ${seed})`, async () => {
    const random = new Random(seed);
    const { messages, consumed, next } = createMessages();
    const given = Array.from({ length: 60 }, (_, i) =>
      Buffer.alloc(random.below(random.pick([1, 10, 1_000, 90_000])) + 0, i),
    );
    const bytes = Buffer.concat(given.map((message) => envelope(message)));
    const taken: Uint8Array[] = [];
    const reading = (async () => {
      for (;;) {
        const message = await next();
        if (message === undefined) return;
        taken.push(message);
        if (random.chance(0.3)) await nextTurn();
      }
    })();
    for (let at = 0; at < bytes.length; ) {
      const step = 1 + random.below(random.pick([3, 100, 20_000]));
      // Whoever pushes them overwrites them at once.
      const piece = Buffer.from(bytes.subarray(at, at + step));
      at += piece.length;
      messages.push(piece);
      piece.fill(0xff);
      assert.ok(consumed.bytes <= at);
      if (random.chance(0.1)) await nextTurn();
    }
    messages.complete();
    await reading;
    assert.ok(Buffer.concat(taken).equals(Buffer.concat(given)));
    assert.deepEqual(
      taken.map(({ length }) => length),
      given.map(({ length }) => length),
    );
    assert.equal(consumed.bytes, bytes.length);
  });
}

test("a message is a Uint8Array in memory that holds nothing else", async () => {
  const { messages, next } = createMessages();
  const bytes = envelope(Buffer.alloc(9_000, 1));
  for (let at = 0; at < bytes.length; at += 1_000)
    messages.push(bytes.subarray(at, at + 1_000));
  const message = await next();
  assert.equal(message?.constructor, Uint8Array);
  assert.equal(message?.buffer.byteLength, 9_000);
});

test("empty messages that nobody reads cost no more than their bytes", async () => {
  const { messages, next } = createMessages();
  const many = Buffer.alloc(1 << 20);
  collect();
  const before = process.memoryUsage();
  messages.push(many);
  collect();
  const after = process.memoryUsage();
  const grown =
    after.heapUsed + after.external - before.heapUsed - before.external;
  assert.ok(grown < 2 << 20, `${grown} bytes more`);
  messages.complete();
  let count = 0;
  while ((await next().catch(() => undefined)) !== undefined) count++;
  assert.equal(count, Math.floor(many.length / 5));
});

describe("whoever waits for a message", () => {
  test("lets the caller send more in its midst", async () => {
    const { messages, consumed, next } = createMessages();
    const bytes = envelope(Buffer.alloc(100_000));
    messages.push(bytes.subarray(0, 60_000));
    assert.equal(consumed.bytes, 0);
    const waiting = next();
    assert.equal(consumed.bytes, 60_000);
    messages.push(bytes.subarray(60_000));
    assert.equal((await waiting)?.length, 100_000);
    assert.equal(consumed.bytes, bytes.length);
  });

  test("hears why the rest never comes", async () => {
    const { messages, next } = createMessages();
    const waiting = failureOf(next);
    messages.fail(new ConnectError("gone", Code.Canceled));
    assert.equal((await waiting).code, Code.Canceled);
    assert.equal(await next(), undefined);
  });
});

describe("what is wrong is told after what came before it", () => {
  test("a message beyond the limit, and nothing after it", async () => {
    const { messages, consumed, next } = createMessages(10);
    const bytes = Buffer.concat([
      envelope(Buffer.alloc(10)),
      envelope(Buffer.alloc(11)),
      envelope(Buffer.alloc(1)),
    ]);
    messages.push(bytes);
    assert.equal((await next())?.length, 10);
    const { code, rawMessage } = await failureOf(next);
    assert.equal(code, Code.ResourceExhausted);
    assert.match(rawMessage, /message size 11 is larger .* 10$/);
    assert.equal(await next(), undefined);
    messages.push(bytes);
    assert.equal(consumed.bytes, 2 * bytes.length);
  });

  for (const [name, cut] of [
    ["its header", 3],
    ["its message", 7],
  ] as const) {
    test(`an envelope that is cut off in ${name}`, async () => {
      const { messages, next } = createMessages();
      const whole = envelope(Buffer.from("ab"));
      messages.push(
        Buffer.concat([whole, envelope(Buffer.from("abc")).subarray(0, cut)]),
      );
      messages.complete();
      assert.equal((await next())?.length, 2);
      const { code, rawMessage } = await failureOf(next);
      assert.equal(code, Code.InvalidArgument);
      assert.match(rawMessage, /incomplete envelope/);
    });
  }
});

test("envelopes that end a stream carry no message", async () => {
  const { messages, next } = createMessages(1 << 20, 0x80);
  messages.push(
    Buffer.concat([
      envelope(Buffer.from("a"), 0x80),
      envelope(Buffer.from("b")),
    ]),
  );
  messages.complete();
  assert.equal(String.fromCharCode(...((await next()) ?? [])), "b");
  assert.equal(await next(), undefined);
});

test("what nobody wants is consumed and dropped", async () => {
  const { messages, consumed, next } = createMessages();
  const bytes = envelope(Buffer.alloc(100));
  messages.push(bytes);
  await messages.return();
  messages.push(bytes);
  assert.equal(consumed.bytes, 2 * bytes.length);
  assert.equal(await next(), undefined);
});
