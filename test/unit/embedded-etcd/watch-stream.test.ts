// Tests embedded-etcd/watch-stream.ts: which response comes when.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { KeySpace } from "../../../embedded-etcd/key-space.ts";
import { WatchStream } from "../../../embedded-etcd/watch-stream.ts";
import {
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "../../../gen/etcd/rpc_pb.ts";

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));

let keySpace: KeySpace;
let stream: WatchStream;

beforeEach(() => {
  keySpace = new KeySpace();
  stream = new WatchStream(keySpace);
});

function put(...keys: string[]): void {
  for (const key of keys) keySpace.put(key, bytes(key), 0n);
  keySpace.commit();
}

function send(kind: WatchRequest["requestUnion"]["case"], value: object = {}) {
  const requestUnion = { case: kind, value };
  stream.handle(create(WatchRequestSchema, { requestUnion } as object));
}

/** All there is to send now, in short. */
function sent(): string[] {
  const all: string[] = [];
  for (;;) {
    const response = stream.poll();
    if (response === undefined) return all;
    all.push(show(response));
  }
}

function show(response: WatchResponse): string {
  const { watchId, created, canceled, compactRevision, events } = response;
  const what = [
    created ? "created" : "",
    canceled ? "canceled" : "",
    compactRevision > 0n ? `compacted ${compactRevision}` : "",
    ...events.map(({ type, kv, prevKv }) => {
      const change = `${type === 0 ? "+" : "-"}${Buffer.from(kv?.key ?? [])}`;
      const before = prevKv === undefined ? "" : `(was ${prevKv.modRevision})`;
      return `${change}@${kv?.modRevision}${before}`;
    }),
  ];
  return [`${watchId}:`, ...what.filter((part) => part !== "")].join(" ");
}

describe("a watch stream", () => {
  test("says created before any event, also for history", () => {
    put("a");
    send("createRequest", { key: bytes("a"), startRevision: 1n });
    put("a");
    assert.deepEqual(sent(), ["0: created", "0: +a@2 +a@3"]);
  });

  test("begins with what happens next if no revision is given", () => {
    put("a");
    send("createRequest", { key: bytes("a") });
    put("a");
    assert.deepEqual(sent(), ["0: created", "0: +a@3"]);
  });

  test("waits for a revision in the future", () => {
    send("createRequest", { key: bytes("a"), startRevision: 4n });
    put("a");
    put("a");
    assert.deepEqual(sent(), ["0: created"]);
    put("a");
    assert.deepEqual(sent(), ["0: +a@4"]);
  });

  test("sends a transaction's events together", () => {
    send("createRequest", { key: bytes("a"), rangeEnd: bytes("c") });
    put("a", "b", "c");
    assert.deepEqual(sent(), ["0: created", "0: +a@2 +b@2"]);
  });

  test("leaves out what is filtered, and adds what was before", () => {
    put("a");
    const key = bytes("a");
    send("createRequest", { key, filters: [0], prevKv: true });
    send("createRequest", { key, filters: [1], prevKv: true });
    put("a");
    keySpace.delete({ from: "a", to: undefined });
    keySpace.commit();
    assert.deepEqual(sent(), [
      "0: created",
      "1: created",
      "0: -a@4(was 3)",
      "1: +a@3(was 2)",
    ]);
  });

  test("adds nothing before a key that one revision deletes and creates", () => {
    put("a");
    send("createRequest", { key: bytes("a"), prevKv: true });
    keySpace.delete({ from: "a", to: undefined });
    put("a");
    assert.deepEqual(sent(), ["0: created", "0: -a@3(was 2) +a@3"]);
  });

  test("splits a long history, and loses nothing", () => {
    for (let i = 0; i < 2_500; i++) put("a");
    send("createRequest", { key: bytes("a"), startRevision: 1n });
    const sizes = sent().map((line) => line.split("+").length - 1);
    assert.deepEqual(sizes, [0, 1000, 1000, 500]);
  });

  test("does not let one watcher with much to say starve another", () => {
    for (let i = 0; i < 2_500; i++) put("a");
    put("b");
    send("createRequest", { key: bytes("a"), startRevision: 1n });
    send("createRequest", { key: bytes("b"), startRevision: 1n });
    const order = sent().map((line) => line.slice(0, 1));
    assert.deepEqual(order, ["0", "1", "0", "1", "0", "0"]);
  });

  test("tells a watcher that starts before the compaction, once", () => {
    for (let i = 0; i < 5; i++) put("a");
    keySpace.compact(4n);
    send("createRequest", { key: bytes("a"), startRevision: 3n });
    send("createRequest", { key: bytes("a"), startRevision: 4n });
    assert.deepEqual(sent(), [
      "0: created",
      "1: created",
      "0: canceled compacted 4",
      "1: +a@4 +a@5 +a@6",
    ]);
    put("a");
    assert.deepEqual(sent(), ["1: +a@7"]);
  });

  test("tells a watcher that was too slow that it is compacted", () => {
    send("createRequest", { key: bytes("a") });
    for (let i = 0; i < 5; i++) put("a");
    keySpace.compact(5n);
    assert.deepEqual(sent(), ["0: created", "0: canceled compacted 5"]);
  });

  test("sends nothing to a watcher that was canceled", () => {
    send("createRequest", { key: bytes("a") });
    send("cancelRequest", { watchId: 0n });
    send("cancelRequest", { watchId: 99n });
    put("a");
    assert.deepEqual(sent(), ["0: created", "0: canceled"]);
  });

  test("refuses an empty range and an id in use, for that watcher only", () => {
    send("createRequest", { key: bytes("b"), rangeEnd: bytes("a") });
    send("createRequest", { key: bytes("a"), watchId: 5n });
    send("createRequest", { key: bytes("a"), watchId: 5n });
    put("a");
    assert.deepEqual(sent(), [
      "-1: created canceled",
      "5: created",
      "-1: created canceled",
      "5: +a@2",
    ]);
  });

  test("answers a progress request when all events before are sent", () => {
    send("createRequest", { key: bytes("a") });
    put("a");
    send("progressRequest");
    assert.deepEqual(sent(), ["0: created", "0: +a@2", "-1:"]);
  });

  test("notifies idle watchers that want it, and only those", () => {
    const key = bytes("a");
    send("createRequest", { key, progressNotify: true });
    send("createRequest", { key: bytes("b"), progressNotify: true });
    send("createRequest", { key: bytes("c") });
    put("a");
    sent();
    stream.notifyProgress();
    assert.deepEqual(sent(), ["1:"]);
    stream.notifyProgress();
    assert.deepEqual(sent().sort(), ["0:", "1:"]);
  });
});
