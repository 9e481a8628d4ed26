// The state of an etcd, and what requests do to it: keys and leases together.
// Synchronous, no I/O; the clock is injected. Everything is in memory only.
//
// Requests and responses are etcd's messages. Headers carry only the revision;
// who answers (cluster, member, term) is filled in by routes.ts.

import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  type CompactionRequest,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  DeleteRangeResponseSchema,
  type LeaseGrantRequest,
  type PutRequest,
  type PutResponse,
  PutResponseSchema,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  ResponseHeaderSchema,
  type ResponseOp,
  ResponseOpSchema,
  type TxnRequest,
  type TxnResponse,
  TxnResponseSchema,
} from "../gen/etcd/rpc_pb.ts";
import { checkKey, checkPut, checkTxn } from "./check-request.ts";
import { etcdErrors } from "./errors.ts";
import { KeySpace } from "./key-space.ts";
import { successor, toKey, toKeyRange } from "./keys.ts";
import { type Lease, Leases, type LeasesOptions } from "./leases.ts";
import { readRange } from "./range.ts";
import { flatSteps, type Plan, planTxn, type Step } from "./txn.ts";

/**
 * Options for the Store constructor.
 */
export interface StoreOptions extends LeasesOptions {
  /** At least this many revisions can be read and watched back. */
  readonly historyLimit: number;
}

/**
 * Keys, leases, and the operations on them.
 */
export class Store {
  readonly keySpace = new KeySpace();
  readonly leases: Leases;
  readonly #historyLimit: bigint;

  constructor(options: StoreOptions) {
    this.leases = new Leases(options);
    this.#historyLimit = BigInt(options.historyLimit);
  }

  /** Read keys. */
  range(request: RangeRequest): RangeResponse {
    checkKey(request);
    return readRange(this.keySpace, request);
  }

  /** Write one key. */
  put(request: PutRequest): PutResponse {
    checkPut(request);
    this.#requireLease(request.lease);
    this.#requireIgnored(request);
    return this.#write(() => this.#put(request));
  }

  /** Delete keys. */
  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    checkKey(request);
    return this.#write(() => this.#deleteRange(request));
  }

  /** Compare, then do one list of operations or the other, all at once. */
  txn(request: TxnRequest): TxnResponse {
    checkTxn(request);
    const plan = planTxn(this.keySpace, request);
    // All that can fail is tried first: from here on nothing is undone.
    for (const step of flatSteps(plan)) {
      if (step.kind !== "put") continue;
      this.#requireIgnored(step.request);
      this.#requireLease(step.request.lease);
    }
    for (const step of flatSteps(plan)) {
      if (step.kind === "range") this.#requireRevision(step.request.revision);
    }
    const response = this.#write(() => this.#run(plan));
    response.header = header(this.keySpace.revision);
    return response;
  }

  /** Forget history. */
  compact(request: CompactionRequest): void {
    this.keySpace.compact(request.revision);
  }

  /** Grant a lease; without an id in the request, one is chosen. */
  grantLease(request: LeaseGrantRequest): Lease {
    let id = request.ID;
    while (id === 0n) id = randomBytes(8).readBigUInt64BE() >> 1n;
    return this.leases.grant(id, request.TTL);
  }

  /** Extend a lease; undefined if there is none (any more). */
  renewLease(id: bigint): Lease | undefined {
    const lease = this.leases.get(id);
    if (lease === undefined) return undefined;
    if (!this.leases.isExpired(lease)) return this.leases.renew(lease);
    this.revokeLease(id);
    return undefined;
  }

  /** End a lease and delete its keys, in one revision. */
  revokeLease(id: bigint): void {
    if (this.leases.get(id) === undefined) throw etcdErrors.leaseNotFound();
    this.#write(() => {
      for (const key of this.keySpace.keysOfLease(id)) {
        this.keySpace.delete({ from: key, to: successor(key) });
      }
      this.leases.remove(id);
    });
  }

  /** Revoke the leases whose time is over. To be called now and then. */
  expireLeases(): void {
    for (const lease of this.leases.list()) {
      if (!this.leases.isExpired(lease)) return;
      this.revokeLease(lease.id);
    }
  }

  #write<T>(change: () => T): T {
    const result = change();
    this.keySpace.commit();
    this.#boundHistory();
    return result;
  }

  #put(request: PutRequest): PutResponse {
    const { keySpace } = this;
    const key = toKey(request.key);
    const previous = keySpace.get(key);
    const { ignoreValue, ignoreLease } = request;
    keySpace.put(
      key,
      (ignoreValue ? previous?.value : undefined) ?? request.value,
      (ignoreLease ? previous?.lease : undefined) ?? request.lease,
    );
    return create(PutResponseSchema, {
      header: header(keySpace.viewRevision),
      ...(request.prevKv && previous !== undefined && { prevKv: previous }),
    });
  }

  #deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    const range = toKeyRange(request.key, request.rangeEnd);
    const deleted = this.keySpace.delete(range);
    return create(DeleteRangeResponseSchema, {
      header: header(this.keySpace.viewRevision),
      deleted: BigInt(deleted.length),
      prevKvs: request.prevKv ? deleted : [],
    });
  }

  #run(plan: Plan): TxnResponse {
    return create(TxnResponseSchema, {
      header: {}, // stays empty in nested transactions
      succeeded: plan.succeeded,
      responses: plan.steps.map((step) => this.#runStep(step)),
    });
  }

  #runStep(step: Step): ResponseOp {
    const response = ((): ResponseOp["response"] => {
      switch (step.kind) {
        case "range":
          return {
            case: "responseRange",
            value: readRange(this.keySpace, step.request),
          };
        case "put":
          return { case: "responsePut", value: this.#put(step.request) };
        case "deleteRange":
          return {
            case: "responseDeleteRange",
            value: this.#deleteRange(step.request),
          };
        case "txn":
          return { case: "responseTxn", value: this.#run(step.plan) };
      }
    })();
    return create(ResponseOpSchema, { response });
  }

  #requireLease(id: bigint): void {
    if (id !== 0n && this.leases.get(id) === undefined) {
      throw etcdErrors.leaseNotFound();
    }
  }

  /** To keep a key's value or lease, there must be one. */
  #requireIgnored(request: PutRequest): void {
    if (!request.ignoreValue && !request.ignoreLease) return;
    if (this.keySpace.get(toKey(request.key)) === undefined) {
      throw etcdErrors.keyNotFound();
    }
  }

  #requireRevision(revision: bigint): void {
    if (revision === 0n) return;
    const { keySpace } = this;
    if (revision > keySpace.revision) throw etcdErrors.futureRevision();
    if (revision < keySpace.compactRevision) throw etcdErrors.compacted();
  }

  /**
   * Compact once the history is a tenth longer than the limit: each time costs
   * a look at all keys.
   */
  #boundHistory(): void {
    const { revision, historyStart } = this.keySpace;
    const limit = this.#historyLimit;
    if (revision - historyStart <= limit + limit / 10n) return;
    this.keySpace.compact(revision - limit);
  }
}

function header(revision: bigint): ResponseHeader {
  return create(ResponseHeaderSchema, { revision });
}
