// Chooses the instance for a call, from what the directory knows.

import { Code, ConnectError } from "@connectrpc/connect";
import { createRoundRobin, type Policy } from "../balancer/index.ts";
import type { Directory, Snapshot } from "../registry/index.ts";
import { type Upstream, Upstreams } from "./upstreams.ts";

/**
 * Options for a Chooser.
 */
export interface ChooserOptions {
  readonly directory: Directory;
  /** Choose only instances registered under this name; undefined for all. */
  readonly name: string | undefined;
  /** How long to wait for the registry's first answer, in milliseconds. */
  readonly waitMs: number;
}

/**
 * Follows a directory until it is closed.
 */
export class Chooser {
  readonly #options: ChooserOptions;
  readonly #upstreams: Upstreams;
  readonly #policies = new Map<string, Policy>();
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(options: ChooserOptions) {
    this.#options = options;
    this.#upstreams = new Upstreams(options.name);
    this.#unsubscribe = options.directory.subscribe((snapshot) =>
      this.#upstreams.update(snapshot),
    );
  }

  /**
   * Choose an instance of a proto service. Rejects with `unavailable` if there
   * is none, with the signal's reason if that is aborted before.
   */
  async choose(service: string, signal: AbortSignal): Promise<Upstream> {
    const { directory, waitMs } = this.#options;
    // Of several directories one may have answered already.
    const isKnown = this.#upstreams.candidates(service).length > 0;
    if (directory.snapshot.freshness === "never" && !isKnown) {
      await waitForRegistry(directory, waitMs, signal);
    }
    signal.throwIfAborted();
    if (this.#closed) {
      throw new ConnectError("the transport was closed", Code.Unavailable);
    }
    const candidates = this.#upstreams.candidates(service);
    const picked = this.#policy(service).pick(candidates);
    if (picked === undefined) throw this.#noInstance(service);
    return picked.upstream;
  }

  /** Close all connections; the directory stays. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#upstreams.close();
  }

  #policy(service: string): Policy {
    const known = this.#policies.get(service);
    const policy = known ?? createRoundRobin();
    this.#policies.set(service, policy);
    return policy;
  }

  #noInstance(service: string): ConnectError {
    const { directory, name } = this.#options;
    const under = name === undefined ? "" : ` registered as "${name}"`;
    return new ConnectError(
      `no instance of ${service}${under} is serving: ${describe(directory.snapshot)}`,
      Code.Unavailable,
    );
  }
}

/** What the answer "none" is worth. */
function describe({ freshness, staleSinceMs = 0 }: Snapshot): string {
  switch (freshness) {
    case "never":
      return "the registry has not answered so far";
    case "synced":
      return "the registry lists none at this moment";
    case "stale": {
      const seconds = Math.round((performance.now() - staleSinceMs) / 1000);
      return `the registry listed none when it was last heard, ${seconds} s ago`;
    }
  }
}

/** Resolves when the registry was heard, the time is over or the call is. */
function waitForRegistry(
  directory: Directory,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    signal.addEventListener("abort", end);
    const unsubscribe = directory.subscribe(({ freshness }) => {
      if (freshness !== "never") end();
    });
  });
}
