// Tests wire/receive-windows.ts: when the peer is told that it may send more,
// and how much.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/limits.ts";
import { ReceiveWindows } from "../../../wire/receive-windows.ts";
import { Stream, type StreamOwner } from "../../../wire/stream.ts";

const DEFAULT_BYTES = 65_535;

const nobody: StreamOwner = {
  sendHeaders() {},
  sendInformation() {},
  sendData: () => true,
  sendEnd() {},
  reset() {},
  consumed() {},
  released() {},
};

/** Windows, and the updates that they send. */
function createWindows(streamWindowBytes = 100_000, connection = 200_000) {
  const updates: [streamId: number, bytes: number][] = [];
  const limits = resolveLimits(edgeLimits, {
    streamWindowBytes,
    connectionWindowBytes: connection,
  });
  const windows = new ReceiveWindows(limits, {
    sendWindowUpdate: (streamId, bytes) => updates.push([streamId, bytes]),
  });
  return { windows, updates };
}

/** A stream of which so many bytes came and were consumed. */
function createStream(windows: ReceiveWindows, consumedBytes: number): Stream {
  const stream = new Stream(nobody, 7, 0, windows.streamBytes);
  stream.receiveWindow -= consumedBytes;
  stream.creditBytes = consumedBytes;
  return stream;
}

describe("a stream's window", () => {
  test("is given back when half of it is consumed, not before", () => {
    const { windows, updates } = createWindows();
    const stream = createStream(windows, 49_999);
    windows.creditStream(stream);
    assert.deepEqual(updates, []);
    stream.creditBytes++;
    stream.receiveWindow--;
    windows.creditStream(stream);
    assert.deepEqual(updates, [[7, 50_000]]);
    assert.equal(stream.receiveWindow, 100_000);
    assert.equal(stream.creditBytes, 0);
  });

  test("is not given back once the peer said all", () => {
    const { windows, updates } = createWindows();
    const stream = createStream(windows, 100_000);
    stream.remoteEnded = true;
    windows.creditStream(stream);
    assert.deepEqual(updates, []);
  });

  test("is the default until the peer has read our settings, if it is smaller", () => {
    const { windows } = createWindows(1_000);
    assert.equal(windows.streamBytes, DEFAULT_BYTES);
    assert.equal(windows.applySettings(), 1_000 - DEFAULT_BYTES);
    assert.equal(windows.streamBytes, 1_000);
    assert.equal(windows.applySettings(), 0);
  });

  test("is its limit from the beginning, if that is larger", () => {
    const { windows } = createWindows(100_000);
    assert.equal(windows.streamBytes, 100_000);
    assert.equal(windows.applySettings(), 0);
  });
});

describe("the connection's window", () => {
  test("is the default until it grows", () => {
    const { windows, updates } = createWindows();
    assert.equal(windows.connectionBytes, DEFAULT_BYTES);
    windows.growConnection(1_000);
    assert.equal(windows.connectionBytes, DEFAULT_BYTES + 1_000);
    assert.deepEqual(updates, [[0, 1_000]]);
  });

  test("is given back when half of it was received, not before", () => {
    const { windows, updates } = createWindows();
    windows.connectionBytes = 200_000 - 99_999;
    windows.creditConnection(99_999);
    assert.deepEqual(updates, []);
    windows.connectionBytes -= 1;
    windows.creditConnection(1);
    assert.deepEqual(updates, [[0, 100_000]]);
    assert.equal(windows.connectionBytes, 200_000);
    windows.creditConnection(1);
    assert.equal(updates.length, 1);
  });
});
