// A store to test, with a clock that stands still, and short ways to use it.

import { create } from "@bufbuild/protobuf";
import { Store } from "../../../embedded-etcd/store.ts";
import {
  CompactionRequestSchema,
  DeleteRangeRequestSchema,
  LeaseGrantRequestSchema,
  PutRequestSchema,
  RangeRequestSchema,
  TxnRequestSchema,
} from "../../../gen/etcd/rpc_pb.ts";

export const bytes = (text: string) =>
  Uint8Array.from(Buffer.from(text, "latin1"));
export const text = (value: Uint8Array | undefined) =>
  Buffer.from(value ?? []).toString("latin1");

/** A fresh store: TTLs from 2 s on, a history of 1,000 revisions. */
export function createFixture() {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  const store = new Store({ now, minTtlSeconds: 2, historyLimit: 1_000 });
  const range = (key: string, fields: object) =>
    store.range(create(RangeRequestSchema, { key: bytes(key), ...fields }));
  return {
    store,
    clock,
    range,
    put(key: string, value = "", lease = 0n) {
      const request = { key: bytes(key), value: bytes(value), lease };
      return store.put(create(PutRequestSchema, request));
    },
    remove(key: string) {
      const request = { key: bytes(key) };
      return store.deleteRange(create(DeleteRangeRequestSchema, request));
    },
    get: (key: string, revision = 0n) => range(key, { revision }).kvs[0],
    keys(key: string, rangeEnd: string, fields: object = {}) {
      const { kvs } = range(key, { rangeEnd: bytes(rangeEnd), ...fields });
      return kvs.map((kv) => text(kv.key)).join(" ");
    },
    compact: (revision: bigint) =>
      store.compact(create(CompactionRequestSchema, { revision })),
    grant: (ID: bigint, TTL: bigint) =>
      store.grantLease(create(LeaseGrantRequestSchema, { ID, TTL })),
    txn: (fields: object) => store.txn(create(TxnRequestSchema, fields)),
  };
}

/** An operation of a transaction. */
export const putOf = (key: string, fields: object = {}) => ({
  request: { case: "requestPut", value: { key: bytes(key), ...fields } },
});
