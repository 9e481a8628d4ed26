// A real etcd and the embedded one with the same history, and a watch stream to
// each.

import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import {
  WatchCreateRequestSchema,
  type WatchRequest,
} from "../../gen/etcd/rpc_pb.ts";
import { startEtcd } from "../support/etcd.ts";
import {
  connectEtcd,
  type EtcdClient,
  type WatchRecorder,
} from "./etcd-client.ts";
import { type Operation, outcome } from "./operations.ts";

/**
 * Start both.
 */
export async function startPair(): Promise<EtcdPair> {
  const etcd = await startEtcd();
  const embedded = await startEmbeddedEtcd();
  return new EtcdPair(
    connectEtcd(etcd.address),
    connectEtcd(embedded.address),
    async () => {
      await embedded.close();
      await etcd[Symbol.asyncDispose]();
    },
  );
}

/**
 * Asks both the same and compares.
 */
export class EtcdPair implements AsyncDisposable {
  readonly #theirClient: EtcdClient;
  readonly #ourClient: EtcdClient;
  readonly #stop: () => Promise<void>;
  readonly #theirs: WatchRecorder;
  readonly #ours: WatchRecorder;
  #watches = 0;

  constructor(theirs: EtcdClient, ours: EtcdClient, stop: () => Promise<void>) {
    this.#theirClient = theirs;
    this.#ourClient = ours;
    this.#stop = stop;
    this.#theirs = theirs.watch();
    this.#ours = ours.watch();
  }

  /** Do an operation on both and compare the outcomes. */
  async compare(operation: Operation, where: string): Promise<unknown> {
    if (operation.settlesFirst) await this.#settleHistory();
    const expected = await outcome(operation, this.#theirClient);
    const actual = await outcome(operation, this.#ourClient);
    assert.deepEqual(actual, expected, `${where}: ${operation.name}`);
    return actual;
  }

  /** Create a watcher on both and compare what it is sent at once. */
  async watch(
    fields: MessageInitShape<typeof WatchCreateRequestSchema>,
    where: string,
  ): Promise<void> {
    this.#watches++;
    const value = create(WatchCreateRequestSchema, fields);
    await this.#sendBoth({ case: "createRequest", value });
    await this.compareWatches(where);
  }

  /** Cancel a watcher on both, if there is one with that id. */
  async cancelWatch(watchId: bigint, where: string): Promise<void> {
    await this.#settle();
    const value = { watchId } as never;
    await this.#sendBoth({ case: "cancelRequest", value });
    await this.compareWatches(where);
  }

  /** Compare all that the watchers were sent so far. */
  async compareWatches(where: string): Promise<void> {
    await this.#settle();
    const { records } = this.#ours;
    assert.deepEqual(records, this.#theirs.records, `${where}: watch`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const recorder of [this.#theirs, this.#ours]) recorder.cancel();
    this.#theirClient[Symbol.dispose]();
    this.#ourClient[Symbol.dispose]();
    await this.#stop();
  }

  async #sendBoth(request: WatchRequest["requestUnion"]): Promise<void> {
    for (const recorder of [this.#theirs, this.#ours]) {
      recorder.send(request);
      await recorder.created(this.#watches);
    }
  }

  /** Wait until the real etcd has sent as much as ours, which is all. */
  async #settle(): Promise<void> {
    await this.#ours.upToDate();
    const hasAsMuch = () =>
      [...this.#ours.records.keys()].every(
        (id) => this.#theirs.count(id) >= this.#ours.count(id),
      );
    await this.#theirs.until(hasAsMuch, "as much as ours");
  }

  /**
   * Wait until the real etcd's watchers are past their history. It sends
   * history from time to time, to all watchers together: so when one that
   * began last has its event, the others had theirs, if there were any.
   */
  async #settleHistory(): Promise<void> {
    const key = Buffer.from("last");
    await this.#ourClient.kv.put({ key });
    const { header } = await this.#theirClient.kv.put({ key });
    const last = this.#theirClient.watch();
    const watch = { key, startRevision: header?.revision ?? 0n };
    const value = create(WatchCreateRequestSchema, watch);
    last.send({ case: "createRequest", value });
    await last.until(() => last.count(0n) >= 2, "the last event");
    last.cancel();
    await this.#settle();
  }
}
