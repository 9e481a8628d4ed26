// The registrar on etcd: one loop that makes the registry say what the owners
// of the registrations want, with one lease for all of them.
//
// Nothing else talks to etcd, so requests never overtake each other. Whatever
// fails is simply not done yet, and done by a later pass.

import type { Etcd3 } from "etcd3";
import {
  createBackoff,
  encodeInstance,
  type Instance,
  PortolanError,
} from "../../../core/index.ts";
import { Claim, type Goal } from "../claim.ts";
import { registryFailures } from "../diagnostics.ts";
import { idTaken } from "../record.ts";
import type { Registrar, Registration } from "../registry.ts";
import { createAlarm } from "./alarm.ts";
import { type Connection, createConnection } from "./connection.ts";
import { isLeaseGone } from "./errors.ts";
import { Lease } from "./lease.ts";
import { type EtcdOptions, resolveEtcdOptions } from "./options.ts";
import { writeOwn } from "./write.ts";

/**
 * Options for createEtcdRegistrar().
 */
export interface EtcdRegistrarOptions extends EtcdOptions {
  /**
   * How long others see an instance that died without a word, in seconds.
   *
   * Shorter, and a process or an etcd that pauses for that long drops out;
   * longer, and the dead are called for longer. Defaults to 15; 10 to 30 is
   * sensible, and etcd grants no less than 2.
   */
  readonly leaseTtlSeconds?: number;
}

/**
 * Create a registrar that keeps instances in etcd.
 *
 * It connects with the first registration, and keeps the process alive until
 * it is closed. Throws ERR_USAGE if the addresses are wrong.
 */
export function createEtcdRegistrar(options: EtcdRegistrarOptions): Registrar {
  return new EtcdRegistrar(options);
}

class EtcdRegistrar implements Registrar {
  readonly #hosts: readonly string[];
  readonly #namespace: string;
  readonly #ttlSeconds: number;
  readonly #connection: Connection;
  // The first wait is up to a second: after an outage everybody comes at once.
  readonly #backoff = createBackoff({ initialMs: 1_000 });
  readonly #alarm = createAlarm();
  readonly #claims = new Map<string, Claim>();
  #lease: Lease | undefined;
  #failing = false;
  #closed = false;
  #stopped = false;

  constructor({ leaseTtlSeconds = 15, ...options }: EtcdRegistrarOptions) {
    const etcd = resolveEtcdOptions(options);
    this.#hosts = etcd.hosts;
    this.#namespace = etcd.namespace;
    this.#ttlSeconds = leaseTtlSeconds;
    this.#connection = createConnection(etcd);
    void this.#run();
  }

  register(instance: Instance): Registration {
    if (this.#closed) {
      throw new PortolanError("ERR_CLOSED", "The registrar was closed.");
    }
    const claim = new Claim(
      instance,
      () => this.#alarm.ring(),
      this.#namespace,
    );
    const holder = this.#claims.get(claim.key);
    if (holder !== undefined && holder.goal.state !== "gone") {
      claim.refuse(
        idTaken(claim.key, encodeInstance(holder.instance), this.#namespace),
      );
    } else {
      this.#claims.set(claim.key, claim);
      this.#alarm.ring();
    }
    return claim;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#claims.values()].map((held) => held.close()));
    this.#stopped = true;
    this.#lease?.detach();
    this.#connection.drop();
    this.#alarm.ring();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let waitMs: number;
      try {
        waitMs = await this.#pass(this.#connection.client());
        this.#failing = false;
        this.#backoff.reset();
      } catch (error) {
        this.#onFailure(error);
        waitMs = this.#backoff.next();
      }
      if (!this.#stopped) await this.#alarm.wait(waitMs);
    }
    // A pass that was under way may have opened them again.
    this.#lease?.detach();
    this.#connection.drop();
  }

  // Bring etcd up to date. Returns when there is something to do again.
  async #pass(client: Etcd3): Promise<number> {
    const claims = [...this.#claims.values()];
    if (claims.every((claim) => claim.goal.state === "gone")) {
      await this.#leave(client, claims);
      return Infinity;
    }
    if (this.#lease?.renewInMs === 0) await this.#lease.renew(client);
    this.#lease ??= await Lease.grant(client, this.#ttlSeconds);
    for (const claim of claims) {
      if (claim.unsettled) await this.#settle(client, claim, this.#lease);
    }
    return this.#lease.renewInMs;
  }

  // All at once, by ending the lease.
  async #leave(client: Etcd3, claims: readonly Claim[]): Promise<void> {
    await this.#lease?.revoke(client);
    this.#lease = undefined;
    for (const claim of claims) this.#reach(claim, claim.goal);
  }

  async #settle(client: Etcd3, claim: Claim, lease: Lease): Promise<void> {
    const { key, goal } = claim;
    const value = goal.record && encodeInstance(goal.record);
    const holder = await writeOwn(client.kv, { key, value, leaseId: lease.id });
    if (holder === undefined || goal.state === "gone") {
      this.#reach(claim, goal);
      return;
    }
    const reason = idTaken(key, holder.value.toString(), this.#namespace);
    if (claim.state === "pending") {
      claim.refuse(reason);
      this.#forget(claim);
    } else {
      // Somebody took it while we were out: they may leave again.
      this.#report(reason);
    }
  }

  #reach(claim: Claim, goal: Goal): void {
    claim.reach(goal);
    if (goal.state === "gone") this.#forget(claim);
  }

  #forget(claim: Claim): void {
    // The key may be a later registration's by now.
    if (this.#claims.get(claim.key) === claim) this.#claims.delete(claim.key);
  }

  #onFailure(error: unknown): void {
    const reason = this.#connection.explain(error);
    this.#lease?.detach();
    if (isLeaseGone(error)) {
      // etcd answers, so there is no reason to wait for long.
      this.#backoff.reset();
      this.#lease = undefined;
      for (const claim of this.#claims.values()) claim.lose(reason);
      return;
    }
    this.#connection.drop();
    if (!this.#failing && !this.#stopped) this.#report(reason);
    this.#failing = true;
  }

  #report(reason: Error): void {
    registryFailures.publish({ role: "registrar", hosts: this.#hosts, reason });
  }
}
