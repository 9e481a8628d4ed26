// Is the process that holds a key alive? A lease that is renewed says so; that
// of a process that crashed stands for a while, and only runs down.

import type { Etcd3, IKeyValue } from "etcd3";

/** After which time to look again, in milliseconds. */
export const LOOK_AGAIN_MS = 500;

interface Sight {
  readonly lease: string;
  /** When it will be over, if it is not renewed; by the clock, at the latest. */
  readonly endsAt: number;
}

/**
 * Watches the leases of others.
 */
export class Holders {
  readonly #now: () => number;
  // By who asks: what was seen first of the lease that is in the way.
  readonly #seen = new WeakMap<object, Sight>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Tell whether the lease of a key was renewed since `asker` first asked. A
   * process that lives renews it each third of its time to live, or so.
   */
  async wasRenewed(
    client: Etcd3,
    asker: object,
    { lease }: IKeyValue,
  ): Promise<boolean> {
    const askedAt = this.#now();
    const { TTL } = await client.leaseClient.leaseTimeToLive({ ID: lease });
    // etcd looked at its clock after we asked and before we heard, and leaves
    // out what is less than a second. A slow answer proves nothing.
    const earliestMs = askedAt + Number(TTL) * 1000;
    const latestMs = this.#now() + (Number(TTL) + 1) * 1000;
    const before = this.#seen.get(asker);
    // 0 is also what a lease has that is over and not yet taken away.
    if (before?.lease === lease)
      return Number(TTL) > 0 && earliestMs > before.endsAt;
    this.#seen.set(asker, { lease, endsAt: latestMs });
    return false;
  }
}
