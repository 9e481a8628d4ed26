// The one lease of a registrar: the next one when it is gone, and the doubt
// about it when etcd does not confirm it for too long.

import type { Etcd3 } from "etcd3";
import { PortolanError } from "../../../core/index.ts";
import { Lease } from "./lease.ts";
import type { ResolvedEtcdRegistrarOptions } from "./registrar-options.ts";

/**
 * Keeps one lease at a time.
 */
export class LeaseKeeper {
  readonly #options: ResolvedEtcdRegistrarOptions;
  readonly #onDoubt: (reason: Error) => void;
  #current: Lease | undefined;
  // The one before, until it is revoked.
  #former: Lease | undefined;
  #doubtTimer: NodeJS.Timeout | undefined;

  /**
   * `onDoubt` is called when no renewal was confirmed for a time to live; after
   * a pause of this process as well, before anything is asked of etcd.
   */
  constructor(
    options: ResolvedEtcdRegistrarOptions,
    onDoubt: (reason: Error) => void,
  ) {
    this.#options = options;
    this.#onDoubt = onDoubt;
  }

  /** The lease, if there is one, as far as is known. */
  get current(): Lease | undefined {
    return this.#current;
  }

  /**
   * See to it that there is a lease, renewed if it is time or if `now` asks for
   * it. Rejects as Lease.hold() does.
   */
  async hold(client: Etcd3, now: () => boolean): Promise<Lease> {
    this.#current ??= new Lease(this.#options);
    const lease = this.#current;
    if (lease.doubtInMs === 0) this.#doubt(lease);
    await lease.hold(client, now());
    clearTimeout(this.#doubtTimer);
    this.#doubtTimer = setTimeout(() => this.#doubt(lease), lease.doubtInMs);
    return lease;
  }

  /** etcd says that it is gone: the next hold() gets another one. */
  abandon(): void {
    this.detach();
    this.#former = this.#current;
    this.#current = undefined;
  }

  /** Revoke what was abandoned, should it exist in spite of all. */
  async endFormer(client: Etcd3): Promise<void> {
    const former = this.#former;
    this.#former = undefined;
    // If this fails, it ends by itself.
    await former?.revoke(client).catch(() => {});
  }

  /** End the lease, and all keys with it. */
  async revoke(client: Etcd3): Promise<void> {
    clearTimeout(this.#doubtTimer);
    await this.#current?.revoke(client);
    this.#current = undefined;
    await this.endFormer(client);
  }

  /** The connection is given up: renewals need another stream. */
  pause(): void {
    this.#current?.detach();
  }

  /** Stop renewing and doubting until the next hold(). */
  detach(): void {
    this.pause();
    clearTimeout(this.#doubtTimer);
  }

  #doubt({ ttlMs }: Lease): void {
    const text = `No renewal of the lease was confirmed for ${ttlMs / 1000} s.`;
    this.#onDoubt(new PortolanError("ERR_REGISTRY_UNAVAILABLE", text));
  }
}
