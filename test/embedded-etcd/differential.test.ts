// The embedded etcd against a real one: the same random requests must get the
// same responses and the same watch events.
//
// A failure names its seed; add it to SEEDS, or run PORTOLAN_FUZZ_SEEDS=1,2,3.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  create,
  type DescMessage,
  type MessageShape,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import {
  CompactionResponseSchema,
  DeleteRangeRequestSchema,
  DeleteRangeResponseSchema,
  LeaseGrantResponseSchema,
  LeaseKeepAliveResponseSchema,
  LeaseLeasesResponseSchema,
  LeaseRevokeResponseSchema,
  LeaseTimeToLiveResponseSchema,
  PutRequestSchema,
  PutResponseSchema,
  RangeRequestSchema,
  RangeResponseSchema,
  TxnRequestSchema,
  TxnResponseSchema,
  WatchCreateRequestSchema,
} from "../../gen/etcd/rpc_pb.ts";
import { startEtcd } from "../support/etcd.ts";
import {
  connectEtcd,
  type EtcdClient,
  type WatchRecorder,
} from "./etcd-client.ts";
import { createRandomRequests, type Position } from "./random-requests.ts";

const SEEDS = (process.env["PORTOLAN_FUZZ_SEEDS"] ?? "1,2,3,4")
  .split(",")
  .map(Number);
const STEPS = 400;

/** A request to make of either etcd, and how to show it. */
interface Operation {
  readonly name: string;
  run(client: EtcdClient): Promise<unknown>;
  /** Watchers must have seen everything before: it changes what they can see. */
  readonly settlesFirst?: boolean;
}

describe("the embedded etcd answers as a real etcd does", {
  concurrency: true,
}, () => {
  for (const seed of SEEDS) {
    test(`${STEPS} random requests, seed ${seed}`, async () => {
      await using pair = await startPair();
      const requests = createRandomRequests(seed);
      let at: Position = { revision: 1n, compactRevision: -1n };
      for (let step = 0; step < STEPS; step++) {
        const where = `seed ${seed}, step ${step}`;
        if (requests.chance(0.07)) {
          await pair.watchBoth(requests, at, where);
          continue;
        }
        const operation = nextOperation(requests, at);
        if (operation.settlesFirst) await pair.settle();
        const result = await pair.compare(operation, where);
        at = positionAfter(at, result);
      }
      await pair.settle();
      assert.deepEqual(
        pair.ours.records,
        pair.theirs.records,
        `watch events, seed ${seed}`,
      );
    });
  }
});

/** Two etcds with the same history, and one watch stream to each. */
async function startPair() {
  const etcd = await startEtcd();
  const embedded = await startEmbeddedEtcd();
  const theirClient = connectEtcd(etcd.address);
  const ourClient = connectEtcd(embedded.address);
  const theirs = theirClient.watch();
  const ours = ourClient.watch();
  let watches = 0;
  return {
    ours,
    theirs,
    /** Wait until the real etcd has sent as much as ours, which is all. */
    async settle() {
      await ours.upToDate();
      await theirs.until(() => hasAsMuch(theirs, ours), "as many events");
    },
    async compare(operation: Operation, where: string) {
      const expected = await outcome(operation, theirClient);
      const actual = await outcome(operation, ourClient);
      assert.deepEqual(actual, expected, `${where}: ${operation.name}`);
      return actual;
    },
    async watchBoth(
      requests: ReturnType<typeof createRandomRequests>,
      at: Position,
      where: string,
    ) {
      await this.settle();
      const request = requests.chance(0.3)
        ? ({
            case: "cancelRequest",
            value: { watchId: BigInt(requests.below(12)) } as never,
          } as const)
        : ({ case: "createRequest", value: requests.watch(at) } as const);
      if (request.case === "createRequest") watches++;
      for (const recorder of [theirs, ours]) {
        recorder.send(request);
        await recorder.created(watches);
      }
      await this.settle();
      assert.deepEqual(ours.records, theirs.records, `${where}: watch`);
    },
    async [Symbol.asyncDispose]() {
      for (const recorder of [theirs, ours]) recorder.cancel();
      theirClient[Symbol.dispose]();
      ourClient[Symbol.dispose]();
      await embedded.close();
      await etcd[Symbol.asyncDispose]();
    },
  };
}

function hasAsMuch(theirs: WatchRecorder, ours: WatchRecorder): boolean {
  return [...ours.records.keys()].every(
    (id) => theirs.count(id) >= ours.count(id),
  );
}

function nextOperation(
  requests: ReturnType<typeof createRandomRequests>,
  at: Position,
): Operation {
  const kind = requests.below(100);
  if (kind < 30) return putOf(requests.put(true));
  if (kind < 50) return rangeOf(requests.range(at));
  if (kind < 58) return deleteOf(requests.deleteRange());
  if (kind < 80) return txnOf(requests.txn(at));
  if (kind < 83) {
    const back = BigInt(requests.below(30)) - 1n;
    return compactTo(at.revision - back);
  }
  return leaseOperation(requests);
}

function leaseOperation(
  requests: ReturnType<typeof createRandomRequests>,
): Operation {
  const ID = requests.lease();
  const kind = requests.below(10);
  // Without an id each server chooses its own, and they can't be compared.
  if (kind < 5) {
    const TTL = BigInt(requests.chance(0.1) ? 9_000_000_001 : 3600);
    return leaseGrant(ID === 0n ? 105n : ID, TTL);
  }
  if (kind < 7) {
    return {
      name: `revoke lease ${ID}`,
      run: async ({ lease }) =>
        shown(LeaseRevokeResponseSchema, await lease.leaseRevoke({ ID })),
    };
  }
  if (kind < 8) return leaseKeepAlive(ID);
  return kind < 9 ? leaseTimeToLive(ID) : leaseLeases;
}

function rangeOf(request: MessageShape<typeof RangeRequestSchema>): Operation {
  return {
    name: `range ${toJsonString(RangeRequestSchema, request)}`,
    run: async ({ kv }) => shown(RangeResponseSchema, await kv.range(request)),
  };
}

function putOf(request: MessageShape<typeof PutRequestSchema>): Operation {
  return {
    name: `put ${toJsonString(PutRequestSchema, request)}`,
    run: async ({ kv }) => shown(PutResponseSchema, await kv.put(request)),
  };
}

function deleteOf(
  request: MessageShape<typeof DeleteRangeRequestSchema>,
): Operation {
  return {
    name: `delete ${toJsonString(DeleteRangeRequestSchema, request)}`,
    run: async ({ kv }) =>
      shown(DeleteRangeResponseSchema, await kv.deleteRange(request)),
  };
}

function txnOf(request: MessageShape<typeof TxnRequestSchema>): Operation {
  return {
    name: `txn ${toJsonString(TxnRequestSchema, request)}`,
    run: async ({ kv }) => shown(TxnResponseSchema, await kv.txn(request)),
  };
}

function compactTo(revision: bigint): Operation {
  return {
    name: `compact ${revision}`,
    settlesFirst: true,
    async run({ kv }) {
      const response = await kv.compact({ revision, physical: true });
      const { header } = shown(CompactionResponseSchema, response);
      return { header, compactRevision: revision };
    },
  };
}

function leaseGrant(ID: bigint, TTL: bigint): Operation {
  return {
    name: `grant lease ${ID} for ${TTL} s`,
    run: async ({ lease }) =>
      shown(LeaseGrantResponseSchema, await lease.leaseGrant({ ID, TTL })),
  };
}

function leaseKeepAlive(ID: bigint): Operation {
  return {
    name: `keep lease ${ID} alive`,
    async run({ lease }) {
      const all = [];
      const once = (async function* () {
        yield { ID };
      })();
      for await (const response of lease.leaseKeepAlive(once)) {
        all.push(shown(LeaseKeepAliveResponseSchema, response));
      }
      return all;
    },
  };
}

function leaseTimeToLive(ID: bigint): Operation {
  return {
    name: `time to live of lease ${ID}`,
    async run({ lease }) {
      const response = await lease.leaseTimeToLive({ ID, keys: true });
      response.keys.sort(Buffer.compare);
      // How much is left depends on when it was asked.
      if (response.TTL > 0n) response.TTL = 1n;
      return shown(LeaseTimeToLiveResponseSchema, response);
    },
  };
}

const leaseLeases: Operation = {
  name: "leases",
  async run({ lease }) {
    const response = await lease.leaseLeases({});
    response.leases.sort((a, b) => Number(a.ID - b.ID));
    return shown(LeaseLeasesResponseSchema, response);
  },
};

async function outcome(
  operation: Operation,
  client: EtcdClient,
): Promise<unknown> {
  try {
    return await operation.run(client);
  } catch (reason) {
    const { code, rawMessage } = ConnectError.from(reason);
    return { code, rawMessage };
  }
}

/** A response as JSON, without what names the server. */
function shown<Desc extends DescMessage>(
  schema: Desc,
  response: MessageShape<Desc>,
): Record<string, unknown> {
  const json = toJson(schema, response) as Record<string, unknown>;
  const header = json["header"] as Record<string, unknown>;
  return { ...json, header: { revision: header["revision"] } };
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
  for (const [index, watch] of watches.entries()) {
    for (const recorder of [pair.theirs, pair.ours]) {
      const value = create(WatchCreateRequestSchema, watch);
      recorder.send({ case: "createRequest", value });
      await recorder.created(index + 1);
    }
  }
  await pair.settle();
  assert.deepEqual(pair.ours.records, pair.theirs.records);
});
