// A registry within one process, for unit tests and programs of one process.
// It is never away, so nothing is retried and nothing goes stale.

import {
  encodeInstance,
  type Instance,
  PortolanError,
} from "../../core/index.ts";
import { Claim } from "./claim.ts";
import { createSnapshotFeed, type SnapshotFeed } from "./feed.ts";
import { idTaken } from "./record.ts";
import type { Directory, Registrar } from "./registry.ts";

/**
 * Both ends of a registry in memory.
 */
export interface MemoryRegistry {
  readonly registrar: Registrar;
  readonly directory: Directory;

  /** Create a further registrar, as another process would have one. */
  createRegistrar(): Registrar;

  /** Create a further directory, as another process would have one. */
  createDirectory(): Directory;
}

/**
 * Create an empty registry in memory.
 */
export function createMemoryRegistry(): MemoryRegistry {
  const store = new MemoryStore();
  const createRegistrar = () => new MemoryRegistrar(store);
  const createDirectory = () => new MemoryDirectory(store);
  return {
    registrar: createRegistrar(),
    directory: createDirectory(),
    createRegistrar,
    createDirectory,
  };
}

class MemoryStore {
  readonly #claims = new Map<string, Claim>();
  readonly #feeds = new Set<SnapshotFeed>();

  /** Who holds a key. */
  holder(key: string): Claim | undefined {
    return this.#claims.get(key);
  }

  /** Do what the owner of a claim wants. */
  settle(claim: Claim): void {
    if (claim.goal.record === undefined) this.#claims.delete(claim.key);
    else this.#claims.set(claim.key, claim);
    for (const feed of this.#feeds) this.#tell(feed);
    claim.reach(claim.goal);
  }

  attach(feed: SnapshotFeed): void {
    this.#feeds.add(feed);
    this.#tell(feed);
  }

  detach(feed: SnapshotFeed): void {
    this.#feeds.delete(feed);
  }

  #tell(feed: SnapshotFeed): void {
    const held = [...this.#claims.values()];
    feed.synced(held.flatMap((claim) => claim.goal.record ?? []));
  }
}

class MemoryRegistrar implements Registrar {
  readonly #store: MemoryStore;
  readonly #claims = new Set<Claim>();
  #closed = false;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  register(instance: Instance): Claim {
    if (this.#closed) {
      throw new PortolanError("ERR_CLOSED", "The registrar was closed.");
    }
    const claim = new Claim(instance, (claim) => this.#settle(claim));
    const holder = this.#store.holder(claim.key);
    if (holder === undefined) this.#settle(claim);
    else claim.refuse(idTaken(claim.key, encodeInstance(holder.instance)));
    return claim;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#claims].map((claim) => claim.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #settle(claim: Claim): void {
    if (claim.goal.record === undefined) this.#claims.delete(claim);
    else this.#claims.add(claim);
    this.#store.settle(claim);
  }
}

class MemoryDirectory implements Directory {
  readonly #store: MemoryStore;
  readonly #feed = createSnapshotFeed();
  readonly subscribe = this.#feed.subscribe;

  constructor(store: MemoryStore) {
    this.#store = store;
    store.attach(this.#feed);
  }

  get snapshot() {
    return this.#feed.snapshot;
  }

  async close(): Promise<void> {
    this.#store.detach(this.#feed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
