// A plain gRPC client of etcd's API for tests, without the behaviour that
// etcd's own client libraries add, and a recorder of one watch stream.

import { setTimeout as delay } from "node:timers/promises";
import { create, toJson } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { EventSchema } from "../../gen/etcd/kv_pb.ts";
import {
  KV,
  Lease,
  Watch,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
} from "../../gen/etcd/rpc_pb.ts";

/** How long a watcher may take to deliver what it should. */
const DELIVERY_TIMEOUT_MS = 10_000;

/**
 * Clients of one etcd, on one connection.
 */
export interface EtcdClient extends Disposable {
  readonly kv: Client<typeof KV>;
  readonly lease: Client<typeof Lease>;
  /** Open a watch stream. */
  watch(): WatchRecorder;
}

/**
 * Connect to an etcd at "host:port".
 */
export function connectEtcd(address: string): EtcdClient {
  const sessionManager = new Http2SessionManager(`http://${address}`);
  const transport = createGrpcTransport({
    baseUrl: `http://${address}`,
    sessionManager,
  });
  return {
    kv: createClient(KV, transport),
    lease: createClient(Lease, transport),
    watch: () => new WatchRecorder(transport),
    [Symbol.dispose]: () => sessionManager.abort(),
  };
}

/**
 * Sends watch requests and keeps what came back, per watcher.
 */
export class WatchRecorder {
  readonly #requests: WatchRequest[] = [];
  readonly #abort = new AbortController();
  #wake = Promise.withResolvers<void>();
  /** By watcher id: created, canceled and event records, in order. */
  readonly records = new Map<bigint, unknown[]>();
  /** Responses that only tell how far a watcher (-1: all) is. */
  readonly progress: { watchId: bigint; revision: bigint | undefined }[] = [];
  #created = 0;
  /** Ends with the stream; rejects as it does. */
  readonly done: Promise<void>;

  constructor(transport: Transport) {
    const client = createClient(Watch, transport);
    const { signal } = this.#abort;
    this.done = this.#read(client.watch(this.#outgoing(), { signal }));
    this.done.catch(() => {}); // who cares awaits it
  }

  send(requestUnion: WatchRequest["requestUnion"]): void {
    this.#requests.push(create(WatchRequestSchema, { requestUnion }));
    this.#ring();
  }

  /** Wait until so many create requests are answered. */
  created(count: number): Promise<void> {
    return this.until(() => this.#created >= count, `${count} created`);
  }

  /** Wait until the server says that all watchers are up to date. */
  async upToDate(): Promise<void> {
    const before = this.progress.length;
    this.send({ case: "progressRequest", value: {} as never });
    const isAnswered = () =>
      this.progress.slice(before).some(({ watchId }) => watchId === -1n);
    await this.until(isAnswered, "an answer to the progress request");
  }

  /** How many records a watcher has. */
  count(id: bigint): number {
    return this.records.get(id)?.length ?? 0;
  }

  /** Wait until a condition holds, looking again with each response. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const abort = new AbortController();
    const timeout = delay(DELIVERY_TIMEOUT_MS, "late", {
      signal: abort.signal,
    }).catch(() => "late");
    try {
      while (!condition()) {
        if ((await Promise.race([this.#wake.promise, timeout])) === "late") {
          throw new Error(`the watch stream did not deliver: ${what}`);
        }
      }
    } finally {
      abort.abort();
    }
  }

  cancel(): void {
    this.#abort.abort();
  }

  async *#outgoing(): AsyncGenerator<WatchRequest> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) yield next;
      else if (this.#abort.signal.aborted) return;
      else await this.#wake.promise;
    }
  }

  async #read(responses: AsyncIterable<WatchResponse>): Promise<void> {
    try {
      for await (const response of responses) {
        this.#record(response);
        this.#ring();
      }
    } finally {
      this.#ring();
    }
  }

  #record(response: WatchResponse): void {
    const { watchId, created, canceled, compactRevision } = response;
    const { cancelReason, header, events } = response;
    const revision = header?.revision;
    if (!created && !canceled && events.length === 0) {
      this.progress.push({ watchId, revision });
      return;
    }
    if (created) this.#created++;
    const records = this.records.get(watchId) ?? [];
    this.records.set(watchId, records);
    if (created || canceled) {
      records.push({
        created,
        canceled,
        revision,
        compactRevision,
        cancelReason,
      });
    }
    records.push(...events.map((event) => toJson(EventSchema, event)));
  }

  #ring(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
