// The instances that may be called, each with its connection.
//
// An instance that left the registry gets no new call; its connection is closed
// when the calls on it have ended.

import type { Transport } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import type { Instance } from "../../core/index.ts";
import type { Candidate } from "../balancer/index.ts";
import type { Snapshot } from "../registry/index.ts";

/** The longest message that is accepted, in bytes: gRPC's usual 4 MiB. */
const READ_MAX_BYTES = 4 * 1024 * 1024;

/**
 * What node:http2 may use for one connection, in megabytes. Its default, 10, is
 * less than a few dozen parallel uploads of a megabyte need.
 */
const MAX_SESSION_MEMORY_MB = 1_000;

/**
 * The connection to one address, and the calls on it.
 */
export class Upstream {
  readonly address: string;
  readonly transport: Transport;
  readonly #sessions: Http2SessionManager;
  #inFlight = 0;
  #retired = false;

  /** Connects with the first call. */
  constructor(address: string) {
    const baseUrl = `http://${address}`;
    const http2Options = { maxSessionMemory: MAX_SESSION_MEMORY_MB };
    this.address = address;
    this.#sessions = new Http2SessionManager(baseUrl, undefined, http2Options);
    this.transport = createGrpcTransport({
      baseUrl,
      sessionManager: this.#sessions,
      readMaxBytes: READ_MAX_BYTES,
    });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** A call begins. Returns the function that ends it, once. */
  acquire(): () => void {
    let open = true;
    this.#inFlight++;
    return () => {
      if (!open) return;
      open = false;
      this.#inFlight--;
      if (this.#retired) this.retire();
    };
  }

  /** No call will begin any more: close when the last has ended. */
  retire(): void {
    this.#retired = true;
    if (this.#inFlight === 0) this.close();
  }

  /** Close at once; open calls fail. */
  close(): void {
    this.#sessions.abort();
  }
}

/**
 * An instance that may be chosen, with its connection.
 */
export interface UpstreamCandidate extends Candidate {
  readonly upstream: Upstream;
}

/**
 * The connections to all instances of the current snapshot.
 */
export class Upstreams {
  readonly #name: string | undefined;
  readonly #byAddress = new Map<string, Upstream>();
  #byService = new Map<string, readonly UpstreamCandidate[]>();

  /** `name` leaves only the instances that are registered under it. */
  constructor(name: string | undefined) {
    this.#name = name;
  }

  /** The instances of a proto service that want new calls. */
  candidates(service: string): readonly UpstreamCandidate[] {
    return this.#byService.get(service) ?? [];
  }

  /** Follow the registry. */
  update({ instances, serving }: Snapshot): void {
    const isOurs = ({ name }: Instance) => name === (this.#name ?? name);
    const addresses = new Set(instances.filter(isOurs).map((i) => i.address));
    for (const [address, upstream] of this.#byAddress) {
      if (addresses.has(address)) continue;
      this.#byAddress.delete(address);
      upstream.retire();
    }
    this.#byService = new Map();
    for (const [service, servers] of serving) {
      const candidates = servers
        .filter(isOurs)
        .map((i) => this.#toCandidate(i));
      this.#byService.set(service, candidates);
    }
  }

  /** Close all connections at once. */
  close(): void {
    for (const upstream of this.#byAddress.values()) upstream.close();
    this.#byAddress.clear();
    this.#byService.clear();
  }

  #toCandidate(instance: Instance): UpstreamCandidate {
    const { address } = instance;
    const upstream = this.#byAddress.get(address) ?? new Upstream(address);
    this.#byAddress.set(address, upstream);
    return {
      instance,
      upstream,
      get inFlight() {
        return upstream.inFlight;
      },
    };
  }
}
