// The embedded etcd against a real one: the same random requests must get the
// same responses and the same watch events.
//
// A failure names its seed; add it to SEEDS, or run PORTOLAN_FUZZ_SEEDS=1,2,3.

import { describe, test } from "node:test";
import { create, type MessageShape } from "@bufbuild/protobuf";
import {
  DeleteRangeRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  TxnRequestSchema,
} from "../../gen/etcd/rpc_pb.ts";
import { startPair } from "./etcd-pair.ts";
import {
  compactTo,
  deleteOf,
  leaseGrant,
  leaseKeepAlive,
  leaseLeases,
  leaseRevoke,
  leaseTimeToLive,
  type Operation,
  putOf,
  rangeOf,
  txnOf,
} from "./operations.ts";
import { type Position, RandomRequests } from "./random-requests.ts";

const SEEDS = (process.env["PORTOLAN_FUZZ_SEEDS"] ?? "1,2,8,11")
  .split(",")
  .map(Number);
const STEPS = 400;

describe("the embedded etcd answers as a real etcd does", {
  concurrency: true,
}, () => {
  for (const seed of SEEDS) {
    test(`${STEPS} random requests, seed ${seed}`, async () => {
      await using pair = await startPair();
      const requests = new RandomRequests(seed);
      let at: Position = { revision: 1n, compactRevision: -1n };
      for (let step = 0; step < STEPS; step++) {
        const where = `seed ${seed}, step ${step}`;
        if (requests.chance(0.05)) {
          await pair.watch(requests.watch(at), where);
        } else if (requests.chance(0.02)) {
          await pair.cancelWatch(BigInt(requests.below(12)), where);
        } else {
          const operation = nextOperation(requests, at);
          at = positionAfter(at, await pair.compare(operation, where));
        }
      }
      await pair.compareWatches(`seed ${seed}, end`);
    });
  }
});

function nextOperation(requests: RandomRequests, at: Position): Operation {
  const kind = requests.below(100);
  if (kind < 30) return putOf(requests.put());
  if (kind < 50) return rangeOf(requests.range(at));
  if (kind < 58) return deleteOf(requests.deleteRange());
  if (kind < 80) return txnOf(requests.txn(at));
  if (kind < 83) {
    const back = BigInt(requests.below(30)) - 1n;
    return compactTo(at.revision - back);
  }
  return leaseOperation(requests);
}

function leaseOperation(requests: RandomRequests): Operation {
  const ID = requests.lease();
  const kind = requests.below(10);
  // Without an id each server chooses its own, and they can't be compared.
  if (kind < 5) {
    const TTL = BigInt(requests.chance(0.1) ? 9_000_000_001 : 3600);
    return leaseGrant(ID === 0n ? 105n : ID, TTL);
  }
  if (kind < 7) {
    return leaseRevoke(ID);
  }
  if (kind < 8) return leaseKeepAlive(ID);
  return kind < 9 ? leaseTimeToLive(ID) : leaseLeases;
}

function positionAfter(at: Position, result: unknown): Position {
  const { header, compactRevision } = result as {
    header?: { revision?: string };
    compactRevision?: bigint;
  };
  return {
    revision: BigInt(header?.revision ?? at.revision),
    compactRevision: compactRevision ?? at.compactRevision,
  };
}

test("the embedded etcd answers edge cases as a real etcd does", async () => {
  await using pair = await startPair();
  const key = Buffer.from("k");
  const everything = { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) };
  const put = (name: string) =>
    ({
      request: { case: "requestPut", value: { key: Buffer.from(name) } },
    }) as const;
  const deleteFrom = (name: string, rangeEnd: string) =>
    ({
      request: {
        case: "requestDeleteRange",
        value: { key: Buffer.from(name), rangeEnd: Buffer.from(rangeEnd) },
      },
    }) as const;
  const txn = (success: object[], failure: object[] = []) =>
    create(TxnRequestSchema, { success, failure } as object);
  const nested = (inner: MessageShape<typeof TxnRequestSchema>) => ({
    request: { case: "requestTxn", value: inner },
  });
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => put(`many/${i}`));
  const operations: Operation[] = [
    rangeOf(create(RangeRequestSchema, everything)),
    compactTo(0n),
    compactTo(0n),
    compactTo(-1n),
    txnOf(txn([])),
    txnOf(txn([{}])),
    txnOf(txn(many(128))),
    txnOf(txn(many(129))),
    txnOf(txn([], many(129))),
    txnOf(txn([nested(txn(many(127)))])),
    txnOf(txn([nested(txn(many(128)))])),
    txnOf(txn([put("a"), put("a")])),
    txnOf(txn([put("a"), deleteFrom("a", "")])),
    txnOf(txn([put("b"), deleteFrom("a", "c")])),
    txnOf(txn([put("b"), deleteFrom("a", "\0")])),
    txnOf(txn([nested(txn([put("x")], [put("x")]))])),
    txnOf(txn([put("x"), nested(txn([put("x")]))])),
    txnOf(txn([deleteFrom("a", "\0"), put("x")])),
    txnOf(txn([nested(txn([put("y")])), nested(txn([deleteFrom("y", "z")]))])),
    txnOf(txn([nested(txn([deleteFrom("y", "z")])), nested(txn([put("y")]))])),
    putOf(create(PutRequestSchema, { key, ignoreValue: true })),
    putOf(create(PutRequestSchema, { key, lease: 7n, ignoreValue: true })),
    putOf(create(PutRequestSchema, { key, value: key, ignoreValue: true })),
    putOf(create(PutRequestSchema, { key, lease: 7n, ignoreLease: true })),
    putOf(create(PutRequestSchema, { key, lease: 7n })),
    leaseGrant(7n, 0n),
    leaseGrant(7n, 0n),
    leaseGrant(8n, -5n),
    leaseGrant(-9n, 60n),
    leaseGrant(10n, 9_000_000_001n),
    putOf(create(PutRequestSchema, { key, lease: -9n })),
    leaseTimeToLive(-9n),
    leaseTimeToLive(12n),
    leaseKeepAlive(12n),
    deleteOf(create(DeleteRangeRequestSchema, everything)),
    deleteOf(create(DeleteRangeRequestSchema, everything)),
    compactTo(3n),
  ];
  for (const operation of operations)
    await pair.compare(operation, "edge case");

  const watches = [
    { ...everything, startRevision: 4n, prevKv: true },
    { ...everything, startRevision: 2n },
    { startRevision: -3n },
    { key: Buffer.from("b"), rangeEnd: Buffer.from("a") },
    { key, watchId: 77n },
    { key, watchId: 77n },
    { key, startRevision: 1_000n },
  ];
  for (const watch of watches) await pair.watch(watch, "edge case");
});
