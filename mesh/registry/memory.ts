// A registry within one process, for unit tests and programs of one process.
// It is never away, so nothing is retried and nothing goes stale.

import { encodeInstance, PortolanError } from "../../core/index.ts";
import { Claim } from "./claim.ts";
import { createSnapshotFeed } from "./feed.ts";
import { idTaken } from "./record.ts";
import type { Directory, Registrar } from "./registry.ts";

/**
 * Both ends of a registry in memory.
 */
export interface MemoryRegistry {
  readonly registrar: Registrar;
  readonly directory: Directory;
}

/**
 * Create an empty registry in memory.
 */
export function createMemoryRegistry(): MemoryRegistry {
  const claims = new Map<string, Claim>();
  const feed = createSnapshotFeed();
  feed.synced([]);

  function settle(claim: Claim): void {
    if (claim.goal.record === undefined) claims.delete(claim.key);
    else claims.set(claim.key, claim);
    feed.synced([...claims.values()].flatMap((held) => held.goal.record ?? []));
    claim.reach(claim.goal);
  }

  return {
    registrar: createRegistrar(claims, settle),
    directory: {
      get snapshot() {
        return feed.snapshot;
      },
      subscribe: feed.subscribe,
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  };
}

function createRegistrar(
  claims: ReadonlyMap<string, Claim>,
  settle: (claim: Claim) => void,
): Registrar {
  let closed = false;
  async function close(): Promise<void> {
    closed = true;
    await Promise.all([...claims.values()].map((claim) => claim.close()));
  }
  return {
    register(instance) {
      if (closed) {
        throw new PortolanError("ERR_CLOSED", "The registrar was closed.");
      }
      const claim = new Claim(instance, settle);
      const holder = claims.get(claim.key);
      if (holder === undefined) settle(claim);
      else claim.refuse(idTaken(claim.key, encodeInstance(holder.instance)));
      return claim;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
