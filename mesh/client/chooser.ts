// Chooses the instance for a call, from what the directory knows.

import { Code, ConnectError } from "@connectrpc/connect";
import type { Directory, Snapshot } from "../registry/index.ts";
import type { Connections } from "../upstream/index.ts";
import {
  type ServiceUpstreams,
  type Upstream,
  Upstreams,
} from "./upstreams.ts";

/**
 * Options for a Chooser.
 */
export interface ChooserOptions {
  readonly directory: Directory;
  /** Closed with the chooser. */
  readonly connections: Connections;
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
  readonly #unsubscribe: () => void;
  /** Those who wait for the registry. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(options: ChooserOptions) {
    this.#options = options;
    this.#upstreams = new Upstreams(options.name, options.connections);
    this.#unsubscribe = options.directory.subscribe((snapshot) =>
      this.#upstreams.update(snapshot),
    );
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** A proto service; the same object each time. */
  service(name: string): ServiceUpstreams {
    return this.#upstreams.service(name);
  }

  /** Whether it is of use to wait for the registry first. */
  isUnheard({ candidates }: ServiceUpstreams): boolean {
    // Of several directories one may have answered already.
    if (candidates.length > 0 || this.#closed) return false;
    return this.#options.directory.snapshot.freshness === "never";
  }

  /**
   * Call a function once the registry was heard, later than now, or when it is
   * no use to wait longer. Returns a function that ends the wait.
   */
  wait(onEnd: () => void): () => void {
    const { directory, waitMs } = this.#options;
    const cancel = () => {
      clearTimeout(timer);
      unsubscribe();
      this.#waiting.delete(end);
    };
    const end = () => {
      cancel();
      onEnd();
    };
    const timer = setTimeout(end, waitMs);
    this.#waiting.add(end);
    const unsubscribe = directory.subscribe(({ freshness }) => {
      if (freshness !== "never") end();
    });
    return cancel;
  }

  /**
   * Choose an instance of a proto service, of those that were not tried.
   * Returns `unavailable` if there is none.
   */
  choose(
    service: ServiceUpstreams,
    tried: readonly Upstream[] | undefined,
  ): Upstream | ConnectError {
    if (this.#closed)
      return new ConnectError("the transport was closed", Code.Unavailable);
    const { policy, candidates } = service;
    const untried =
      tried === undefined
        ? candidates
        : candidates.filter(({ upstream }) => !tried.includes(upstream));
    return policy.pick(untried)?.upstream ?? this.#noInstance(service.name);
  }

  /** Close all connections, end all waits; the directory stays. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#upstreams.clear();
    this.#options.connections.cut();
    for (const end of [...this.#waiting]) end();
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
