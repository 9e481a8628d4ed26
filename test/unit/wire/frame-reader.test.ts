// Tests wire/frame-reader.ts: however the bytes of some frames are cut into
// chunks, the same is read; and nothing is after stop().

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  continuation,
  data,
  Flag,
  FrameType,
  frame,
  headers,
  ping,
  rstStream,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { Recorder } from "./frame-recorder.ts";

/** What is read of these chunks. */
function read(chunks: Iterable<Buffer>): Recorder {
  const recorder = new Recorder();
  for (const chunk of chunks) recorder.push(chunk);
  return recorder;
}

function* bytesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++)
    yield Buffer.from(bytes.subarray(at, at + 1));
}

const HIGH_ID = 0x7fff_ffff;

const frames: [name: string, bytes: Buffer, lines: string[]][] = [
  [
    "SETTINGS",
    settings([3, 100]),
    ["header 4 0 6", "frame 4 0 0 000300000064"],
  ],
  ["empty SETTINGS", settings(), ["header 4 0 0", "frame 4 0 0 "]],
  [
    "HEADERS",
    headers(1, Buffer.from("828684", "hex")),
    ["header 1 1 3", "frame 1 4 1 828684"],
  ],
  [
    "padded HEADERS",
    headers(3, Buffer.from("82", "hex"), { padBytes: 2, endStream: true }),
    ["header 1 3 4", "frame 1 13 3 02820000"],
  ],
  [
    "CONTINUATION",
    continuation(3, Buffer.from("86", "hex")),
    ["header 9 3 1", "frame 9 4 3 86"],
  ],
  ["DATA", data(1, "abc"), ["header 0 1 3", "data 1 0 3", "body 616263"]],
  [
    "the last DATA",
    data(1, "a", { endStream: true }),
    ["header 0 1 1", "data 1 1 1", "body 61"],
  ],
  ["empty DATA", data(1, ""), ["header 0 1 0", "data 1 0 0", "body "]],
  [
    "padded DATA",
    data(1, "ab", { padBytes: 3 }),
    ["header 0 1 6", "data 1 8 6", "body 6162"],
  ],
  [
    "DATA padded by nothing",
    data(1, "ab", { padBytes: 0 }),
    ["header 0 1 3", "data 1 8 3", "body 6162"],
  ],
  [
    "nothing but padding",
    data(1, "", { padBytes: 2, endStream: true }),
    ["header 0 1 3", "data 1 9 3", "body "],
  ],
  [
    "a pad length alone",
    data(1, "", { padBytes: 0 }),
    ["header 0 1 1", "data 1 8 1", "body "],
  ],
  [
    "an unknown type",
    frame({ type: 10, flags: 255, streamId: 5, payload: Buffer.from("xyz") }),
    ["header 10 5 3"],
  ],
  ["an empty one of an unknown type", frame({ type: 255 }), ["header 255 0 0"]],
  [
    "PING",
    ping("12345678", true),
    ["header 6 0 8", "frame 6 1 0 3132333435363738"],
  ],
  [
    "RST_STREAM with the reserved bit",
    rstStream(0x8000_0000 + HIGH_ID, 8),
    [`header 3 ${HIGH_ID} 4`, `frame 3 0 ${HIGH_ID} 00000008`],
  ],
  [
    "WINDOW_UPDATE",
    windowUpdate(7, 1),
    ["header 8 7 4", "frame 8 0 7 00000001"],
  ],
];

const all = Buffer.concat(frames.map(([, bytes]) => bytes));
const allLines = frames.flatMap(([, , lines]) => lines);

describe("a frame is read", () => {
  for (const [name, bytes, lines] of frames) {
    test(`whole, byte by byte, and cut anywhere: ${name}`, () => {
      assert.deepEqual(read([bytes]).lines, lines);
      assert.deepEqual(read(bytesOf(bytes)).lines, lines);
      for (let at = 1; at < bytes.length; at++) {
        const halves = [bytes.subarray(0, at), bytes.subarray(at)];
        assert.deepEqual(read(halves).lines, lines, `cut at ${at}`);
      }
    });
  }
});

describe("frames in a row are read", () => {
  test("whole, and byte by byte", () => {
    assert.deepEqual(read([all]).lines, allLines);
    assert.deepEqual(read(bytesOf(all)).lines, allLines);
    assert.equal(read([all]).reader.frames, frames.length);
  });

  test("cut at any two places", () => {
    for (let a = 0; a < all.length; a++)
      for (let b = a; b < all.length; b += 3) {
        const chunks = [
          all.subarray(0, a),
          all.subarray(a, b),
          all.subarray(b),
        ];
        assert.deepEqual(read(chunks).lines, allLines, `cut at ${a}, ${b}`);
      }
  });

  test("from where they begin in their chunk", () => {
    const recorder = new Recorder();
    recorder.chunk = Buffer.concat([Buffer.from("PRI *"), all]);
    recorder.reader.push(recorder.chunk, 5);
    assert.deepEqual(recorder.lines, allLines);
  });
});

describe("a frame of the largest size", () => {
  test("that straddles chunks is put together", () => {
    const payload = Buffer.alloc(16_384, "x");
    const bytes = frame({ type: FrameType.headers, streamId: 1, payload });
    const chunks = [0, 5_000, 10_000, 15_000].map((at) =>
      bytes.subarray(at, at + 5_000),
    );
    const { lines } = read([...chunks, settings()]);
    assert.equal(lines[1], `frame 1 0 1 ${payload.toString("hex")}`);
    assert.equal(lines.length, 4);
  });

  test("of an unknown type is passed over, whatever it says it has", () => {
    const payload = Buffer.alloc(100_000, settings());
    const unknown = frame({ type: 99, streamId: 1, payload });
    const { lines } = read([
      unknown.subarray(0, 9),
      unknown.subarray(9, 50_000),
      Buffer.concat([unknown.subarray(50_000), settings()]),
    ]);
    assert.deepEqual(lines, [
      "header 99 1 100000",
      "header 4 0 0",
      "frame 4 0 0 ",
    ]);
  });
});

describe("a payload is handed on where it is", () => {
  test("when all of it is there, even if its header was not", () => {
    const bytes = headers(1, Buffer.from("828684", "hex"));
    for (const cut of [0, 1, 8, 9]) {
      let seen: Buffer | undefined;
      const recorder = new Recorder();
      recorder.onFrame = (...args) => {
        seen = args[3];
      };
      recorder.push(bytes.subarray(0, cut));
      const chunk = Buffer.from(bytes.subarray(cut));
      recorder.push(chunk);
      // Cut after a complete header, it is put together like any other.
      assert.equal(seen === chunk, cut < 9, `cut at ${cut}`);
    }
  });
});

describe("padding that is more than the frame", () => {
  const padded = (payload: number[]) =>
    frame({
      ...{ type: FrameType.data, flags: Flag.padded, streamId: 1 },
      payload: Buffer.from(payload),
    });
  for (const payload of [[], [1], [2, 0], [255, 0, 0]]) {
    test(`is told: [${payload}]`, () => {
      for (const chunks of [[padded(payload)], bytesOf(padded(payload))]) {
        const recorder = new Recorder();
        recorder.onBadPadding = () => {
          recorder.lines.push("bad");
          recorder.reader.stop();
        };
        for (const chunk of chunks) recorder.push(chunk);
        recorder.push(settings());
        assert.deepEqual(recorder.lines.slice(2), ["bad"]);
      }
    });
  }
});

describe("after stop() nothing is read", () => {
  const whole = read([all]).calls;
  const singly = read(bytesOf(all)).calls;
  const names = new Set([...whole, ...singly]);
  for (const name of names) {
    test(`when it is called within ${name}()`, () => {
      for (const [calls, chunks] of [
        [whole, [all]],
        [singly, [...bytesOf(all)]],
      ] as const) {
        calls.forEach((call, i) => {
          if (call !== name) return;
          const recorder = new Recorder();
          recorder.stopAt = i + 1;
          for (const chunk of chunks) recorder.push(chunk);
          recorder.push(all);
          assert.equal(recorder.calls.length, i + 1);
        });
      }
    });
  }

  test("when it is called between two chunks, wherever they are cut", () => {
    for (let at = 0; at < all.length; at++) {
      const recorder = new Recorder();
      recorder.push(all.subarray(0, at));
      const count = recorder.calls.length;
      recorder.reader.stop();
      recorder.push(all.subarray(at));
      assert.equal(recorder.calls.length, count, `cut at ${at}`);
    }
  });
});

test("a frame is in the midst from its first byte to its last, unless it is DATA", () => {
  const recorder = new Recorder();
  const { reader } = recorder;
  const states = (bytes: Buffer) =>
    Array.from(bytesOf(bytes), (byte) => {
      recorder.push(byte);
      return [reader.isMidFrame, reader.headersId];
    });
  const head = Array.from({ length: 8 }, () => [true, 0]);
  assert.equal(reader.isMidFrame, false);
  assert.deepEqual(states(headers(5, Buffer.from("8286"))), [
    ...head,
    ...Array.from({ length: 4 }, () => [true, 5]),
    [false, 0],
  ]);
  // A stream is only given up for a header block.
  assert.deepEqual(states(rstStream(5, 8)), [
    ...head,
    ...Array.from({ length: 4 }, () => [true, 0]),
    [false, 0],
  ]);
  assert.deepEqual(states(data(5, "ab")), [
    ...head,
    ...Array.from({ length: 3 }, () => [false, 0]),
  ]);
});
