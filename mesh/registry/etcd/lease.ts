// A lease of etcd: what keeps our keys there while this process lives.
//
// Whether it still exists is for etcd to say, in its answer to a renewal. While
// etcd is away nothing is known, and nothing concluded from a clock, but doubt:
// after an outage etcd gives every lease its full time again.
//
// We choose the id, so that a grant whose answer got lost can be repeated: there
// is never a second lease that nobody knows of.

import { randomBytes } from "node:crypto";
import type { Etcd3, ILeaseKeepAliveResponse } from "etcd3";
import { within } from "../within.ts";
import { cancelStream } from "./client.ts";
import { REQUEST_MS } from "./connection.ts";
import { isLeaseGone, isLeaseTaken, leaseGone } from "./errors.ts";
import type { ResolvedEtcdRegistrarOptions } from "./registrar-options.ts";

type KeepAliveStream = Awaited<
  ReturnType<Etcd3["leaseClient"]["leaseKeepAlive"]>
>;

/**
 * A lease, from before it is granted on.
 */
export class Lease {
  readonly id: string = createLeaseId();
  readonly #options: ResolvedEtcdRegistrarOptions;
  #granted = false;
  #ttlMs: number;
  // What is certain: at this time it was not older than this.
  #confirmedAt = 0;
  #renewAt = 0;
  #stream: KeepAliveStream | undefined;
  #answer: PromiseWithResolvers<ILeaseKeepAliveResponse> | undefined;

  constructor(options: ResolvedEtcdRegistrarOptions) {
    this.#options = options;
    this.#ttlMs = options.leaseTtlSeconds * 1000;
  }

  /** How long until hold() should be called, in milliseconds; 0 for now. */
  get renewInMs(): number {
    return this.#granted ? this.#until(this.#renewAt) : 0;
  }

  /**
   * How long until it is in doubt, in milliseconds: until one time to live has
   * passed since the last renewal that etcd confirmed. 0 if it is.
   */
  get doubtInMs(): number {
    return this.#granted ? this.#until(this.#confirmedAt + this.#ttlMs) : 0;
  }

  /** How long it lives without a renewal. etcd may grant more than asked for. */
  get ttlMs(): number {
    return this.#ttlMs;
  }

  /**
   * See to it that it is granted, and renewed if it is time or `now` is true.
   * Rejects if it does not exist any more (see isLeaseGone()), or if etcd does
   * not answer; then call detach() before the next try.
   */
  async hold(client: Etcd3, now: boolean): Promise<void> {
    if (!this.#granted) await this.#grant(client);
    else if (now || this.renewInMs === 0) await this.#renew(client);
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
    if (stream !== undefined) cancelStream(stream);
  }

  async #grant(client: Etcd3): Promise<void> {
    const sentAt = this.#options.now();
    const request = { ID: this.id, TTL: this.#options.leaseTtlSeconds };
    try {
      const { TTL } = await client.leaseClient.leaseGrant(request);
      this.#confirm(sentAt, Number(TTL));
    } catch (error) {
      // An earlier answer got lost: how old it is, a renewal will settle.
      if (!isLeaseTaken(error)) throw error;
      await this.#renew(client);
    }
    this.#granted = true;
  }

  async #renew(client: Etcd3): Promise<void> {
    const stream = this.#stream ?? (await this.#openStream(client));
    const sentAt = this.#options.now();
    this.#answer = Promise.withResolvers();
    stream.write({ ID: this.id });
    const { TTL } = await within(REQUEST_MS, this.#answer.promise);
    if (Number(TTL) <= 0) throw leaseGone(this.id);
    this.#confirm(sentAt, Number(TTL));
  }

  // From when the request was sent: etcd counts from later on.
  #confirm(sentAt: number, ttlSeconds: number): void {
    const { random, renewalRatio } = this.#options;
    this.#ttlMs = ttlSeconds * 1000;
    this.#confirmedAt = sentAt;
    this.#renewAt = sentAt + jitter(this.#ttlMs * renewalRatio, random);
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

  #until(time: number): number {
    return Math.max(0, time - this.#options.now());
  }
}

/**
 * A time, plus or minus a tenth: what was started together must not stay
 * together.
 */
export function jitter(ms: number, random: () => number): number {
  return ms * (0.9 + 0.2 * random());
}

// 63 bits, as those that etcd chooses itself. 0 would leave the choice to etcd.
function createLeaseId(): string {
  return String(BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n);
}
