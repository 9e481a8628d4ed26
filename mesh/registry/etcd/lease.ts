// A lease of etcd: what keeps our keys there while this process lives.
//
// Whether it still exists is for etcd to say, in its answer to a renewal. While
// etcd is away nothing is known, and nothing concluded from a clock: after an
// outage etcd gives every lease its full time again.

import type { Etcd3, ILeaseKeepAliveResponse } from "etcd3";
import { within } from "../within.ts";
import { REQUEST_MS } from "./connection.ts";
import { isLeaseGone, leaseGone } from "./errors.ts";

// Renewals come after a third of the time to live, plus or minus a tenth, so
// that instances that were started together do not stay together.
const RENEWAL_RATIO = 1 / 3;
const RENEWAL_JITTER = 0.1;

type KeepAliveStream = Awaited<
  ReturnType<Etcd3["leaseClient"]["leaseKeepAlive"]>
>;

/**
 * A granted lease.
 */
export class Lease {
  readonly id: string;
  readonly #ttlMs: number;
  #renewAt: number;
  #stream: KeepAliveStream | undefined;
  #answer: PromiseWithResolvers<ILeaseKeepAliveResponse> | undefined;

  private constructor(id: string, ttlMs: number) {
    this.id = id;
    this.#ttlMs = ttlMs;
    this.#renewAt = this.#nextRenewal();
  }

  /** Get a new lease. etcd may grant more time than is asked for. */
  static async grant(client: Etcd3, ttlSeconds: number): Promise<Lease> {
    const granted = await client.leaseClient.leaseGrant({ TTL: ttlSeconds });
    return new Lease(granted.ID, Number(granted.TTL) * 1000);
  }

  /** How long until renew() should be called, in milliseconds; 0 for now. */
  get renewInMs(): number {
    return Math.max(0, this.#renewAt - performance.now());
  }

  /**
   * Renew it. Rejects if it does not exist any more (see isLeaseGone()), or if
   * etcd does not answer; then call detach() before the next try.
   */
  async renew(client: Etcd3): Promise<void> {
    const stream = this.#stream ?? (await this.#openStream(client));
    this.#answer = Promise.withResolvers();
    stream.write({ ID: this.id });
    const { TTL } = await within(REQUEST_MS, this.#answer.promise);
    if (Number(TTL) <= 0) throw leaseGone(this.id);
    this.#renewAt = this.#nextRenewal();
  }

  /** End the lease and with it all its keys. */
  async revoke(client: Etcd3): Promise<void> {
    this.detach();
    try {
      await client.leaseClient.leaseRevoke({ ID: this.id });
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  /** Close the stream of renewals. The lease itself stays. */
  detach(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }

  async #openStream(client: Etcd3): Promise<KeepAliveStream> {
    const stream = await client.leaseClient.leaseKeepAlive();
    const onEnd = (error: Error) => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#answer?.reject(error);
    };
    stream.on("data", (response) => {
      if (this.#stream === stream) this.#answer?.resolve(response);
    });
    // Stays: a stream that is cancelled emits one more error.
    stream.on("error", onEnd);
    stream.on("end", () => onEnd(new Error("the stream of renewals ended")));
    this.#stream = stream;
    return stream;
  }

  #nextRenewal(): number {
    const jitter = 1 + RENEWAL_JITTER * (2 * Math.random() - 1);
    return performance.now() + this.#ttlMs * RENEWAL_RATIO * jitter;
  }
}
