// The registrar on etcd: one loop that makes the registry say what the owners
// of the registrations want, with one lease for all of them.
//
// Nothing else talks to etcd: requests never overtake each other, and what fails
// is done by a later pass. It holds the lease, compares our keys, and writes.

import type { Etcd3, IKeyValue } from "etcd3";
import {
  encodeInstance,
  type Instance,
  PortolanError,
} from "../../../core/index.ts";
import { Claim, type Goal } from "../claim.ts";
import { createDepartureBudget } from "../departure.ts";
import { registryFailures } from "../diagnostics.ts";
import { idTaken } from "../record.ts";
import type { Registrar, Registration } from "../registry.ts";
import { createAlarm } from "./alarm.ts";
import { createConnection } from "./connection.ts";
import { isLeaseGone, isTokenRefused } from "./errors.ts";
import { Holders, LOOK_AGAIN_MS } from "./holder.ts";
import { KeyWatch } from "./key-watch.ts";
import { jitter, type Lease } from "./lease.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import {
  createRetryBackoff,
  type EtcdRegistrarOptions,
  type ResolvedEtcdRegistrarOptions,
  resolveEtcdRegistrarOptions,
} from "./registrar-options.ts";
import {
  isStanding,
  readKeys,
  toOwnRecord,
  whyLost,
  writeOwn,
} from "./write.ts";

/**
 * Create a registrar that keeps instances in etcd.
 *
 * It connects with the first registration, and keeps the process alive until
 * it is closed. Throws ERR_USAGE if the addresses or another option are wrong.
 */
export function createEtcdRegistrar(options: EtcdRegistrarOptions): Registrar {
  return new EtcdRegistrar(resolveEtcdRegistrarOptions(options));
}

class EtcdRegistrar implements Registrar {
  readonly #options: ResolvedEtcdRegistrarOptions;
  readonly #connection;
  readonly #retry;
  readonly #reclaim;
  readonly #departure;
  readonly #holders;
  readonly #lease;
  readonly #alarm = createAlarm();
  readonly #claims = new Map<string, Claim>();
  // Those whose key another live process holds, so as to tell it once.
  readonly #displaced = new Set<Claim>();
  readonly #watch = new KeyWatch({
    onChange: (key, found) => this.#onChange(key, found),
    onBreak: () => this.#checkNow(),
  });
  #checkAt = 0;
  #reclaimAt = 0;
  #lostAt = -Infinity;
  #failing: boolean | "token" = false;
  #closed = false;
  #stopped = false;

  constructor(options: ResolvedEtcdRegistrarOptions) {
    this.#options = options;
    const { etcd, departureMs, now } = options;
    this.#connection = createConnection(etcd);
    this.#lease = new LeaseKeeper(options, (reason) => this.#doubt(reason));
    this.#retry = createRetryBackoff(options);
    this.#reclaim = createRetryBackoff(options);
    this.#departure = createDepartureBudget(departureMs, now);
    this.#holders = new Holders(now);
    void this.#run();
  }

  register(instance: Instance): Registration {
    if (this.#closed) {
      throw new PortolanError("ERR_CLOSED", "The registrar was closed.");
    }
    const { namespace } = this.#options.etcd;
    const options = { namespace, departure: this.#departure };
    const claim = new Claim(instance, () => this.#hurry(), options);
    const holder = this.#claims.get(claim.key);
    if (holder !== undefined && holder.goal.state !== "gone") {
      const text = encodeInstance(holder.instance);
      claim.refuse(idTaken(claim.key, text, namespace));
    } else {
      this.#claims.set(claim.key, claim);
      this.#hurry();
    }
    return claim;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#claims.values()].map((held) => held.close()));
    this.#stopped = true;
    this.#disconnect();
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
        this.#retry.reset();
      } catch (error) {
        waitMs = this.#onFailure(error);
      }
      if (!this.#stopped) await this.#alarm.wait(waitMs);
    }
    // A pass that was under way may have opened them again.
    this.#disconnect();
  }

  // Bring etcd up to date. Returns when there is something to do again.
  async #pass(client: Etcd3): Promise<number> {
    const claims = [...this.#claims.values()];
    const isOver = () => claims.every(({ goal }) => goal.state === "gone");
    if (isOver()) return this.#leave(client, claims);
    const tooEarlyMs = this.#until(this.#reclaimAt);
    if (this.#lease.current === undefined && tooEarlyMs > 0) return tooEarlyMs;
    const isCheckDue = () => this.#until(this.#checkAt) === 0;
    const lease = await this.#lease.hold(client, isCheckDue);
    if (isCheckDue()) await this.#check(client, claims, lease);
    let waitMs = Infinity;
    for (const claim of claims.filter(({ unsettled }) => unsettled)) {
      // The last one may have left meanwhile: then the lease has to go too.
      if (isOver()) return this.#leave(client, claims);
      waitMs = Math.min(waitMs, await this.#settle(client, claim, lease));
    }
    await this.#lease.endFormer(client);
    const keys = claims.map(({ key }) => key);
    // What happened to a key before it was watched, only a check can tell.
    if (await this.#watch.follow(client.watchClient, keys)) this.#checkAt = 0;
    return Math.min(waitMs, lease.renewInMs, this.#until(this.#checkAt));
  }

  // All at once, by ending the lease.
  async #leave(client: Etcd3, claims: readonly Claim[]): Promise<number> {
    this.#watch.detach();
    await this.#lease.revoke(client);
    for (const claim of claims) this.#reach(claim, claim.goal);
    return Infinity;
  }

  #doubt(reason: Error): void {
    for (const claim of this.#claims.values()) claim.doubt(reason);
    this.#checkAt = 0;
  }

  // Compare what stands in etcd with what should.
  async #check(
    client: Etcd3,
    claims: readonly Claim[],
    lease: Lease,
  ): Promise<void> {
    const { checkIntervalSeconds, now, random } = this.#options;
    // First, so that a change that is told meanwhile calls for another check.
    this.#checkAt = now() + jitter(checkIntervalSeconds * 1000, random);
    const settled = claims.filter(({ unsettled }) => !unsettled);
    const keys = settled.map(({ key }) => key);
    let lost = false;
    for (const [i, found] of (await readKeys(client.kv, keys)).entries()) {
      const claim = settled[i];
      // Its owner may want something else by now.
      if (claim === undefined || claim.unsettled) continue;
      if (isStanding(found, toOwnRecord(claim, lease))) {
        claim.confirm();
      } else {
        claim.lose(whyLost(claim.key, found));
        lost = true;
      }
    }
    if (lost) this.#planReclaim(lease);
  }

  // Returns in how many milliseconds to try again, beside the usual passes.
  async #settle(client: Etcd3, claim: Claim, lease: Lease): Promise<number> {
    const { key, goal, state } = claim;
    const waitMs = state === "lost" ? this.#until(this.#reclaimAt) : 0;
    if (waitMs > 0) return waitMs;
    const holder = await writeOwn(client.kv, toOwnRecord(claim, lease));
    if (holder === undefined || goal.state === "gone") {
      this.#reach(claim, goal);
      return Infinity;
    }
    const reason = idTaken(
      key,
      holder.value.toString(),
      this.#options.etcd.namespace,
    );
    if (claim.state === "pending") {
      if (!(await this.#holders.wasRenewed(client, claim, holder))) {
        return LOOK_AGAIN_MS;
      }
      claim.refuse(reason);
      this.#forget(claim);
    } else if (!this.#displaced.has(claim)) {
      // Somebody took it while we were out: they may leave again.
      this.#displaced.add(claim);
      claim.lose(reason);
      this.#report(reason);
    }
    return Infinity;
  }

  #reach(claim: Claim, goal: Goal): void {
    this.#displaced.delete(claim);
    claim.reach(goal);
    if (goal.state === "gone") this.#forget(claim);
    if (goal.state !== "draining") this.#departure.refill();
  }

  #forget(claim: Claim): void {
    // The key may be a later registration's by now.
    if (this.#claims.get(claim.key) === claim) this.#claims.delete(claim.key);
  }

  // Told by the watch. Our own writes are told as well.
  #onChange(key: string, found: IKeyValue | undefined): void {
    const claim = this.#claims.get(key);
    const lease = this.#lease.current;
    if (claim === undefined || lease === undefined) return;
    if (claim.unsettled) {
      if (this.#displaced.has(claim)) this.#alarm.ring();
    } else if (!isStanding(found, toOwnRecord(claim, lease))) {
      this.#checkNow();
    }
  }

  // An owner wants something: that does not wait for its turn.
  #hurry(): void {
    this.#reclaimAt = 0;
    this.#alarm.ring();
  }

  #checkNow(): void {
    this.#checkAt = 0;
    this.#alarm.ring();
  }

  // Once for everything that got lost together.
  #planReclaim({ ttlMs }: Lease): void {
    const now = this.#options.now();
    if (now - this.#lostAt > ttlMs) this.#reclaim.reset();
    this.#lostAt = now;
    this.#reclaimAt = now + this.#reclaim.next();
  }

  #onFailure(error: unknown): number {
    const reason = this.#connection.explain(error);
    const lease = this.#lease.current;
    if (lease !== undefined && isLeaseGone(error)) {
      this.#lease.abandon();
      for (const claim of this.#claims.values()) claim.lose(reason);
      this.#planReclaim(lease);
      return this.#until(this.#reclaimAt);
    }
    this.#lease.pause();
    this.#watch.detach();
    this.#connection.drop();
    this.#checkAt = 0;
    // A token that ran out while a watch was opened: the next pass logs in.
    const isTokenOver = this.#failing === false && isTokenRefused(error);
    if (!isTokenOver && this.#failing !== true && !this.#stopped)
      this.#report(reason);
    this.#failing = isTokenOver ? "token" : true;
    return this.#retry.next();
  }

  #report(reason: Error): void {
    const { hosts } = this.#options.etcd;
    registryFailures.publish({ role: "registrar", hosts, reason });
  }

  #disconnect(): void {
    this.#lease.detach();
    this.#watch.detach();
    this.#connection.drop();
  }

  #until(time: number): number {
    return Math.max(0, time - this.#options.now());
  }
}
