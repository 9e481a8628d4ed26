// The instances that may be called, each with its connections.
//
// An instance that left the registry gets no new call; its connections are
// closed when the calls on them have ended.

import { type Instance, parseAddress } from "../../core/index.ts";
import {
  type HeaderBlock,
  HeaderField,
  type Stream,
  type StreamHandler,
} from "../../wire/index.ts";
import {
  type Candidate,
  createRoundRobin,
  type Policy,
} from "../balancer/index.ts";
import type { Snapshot } from "../registry/index.ts";
import type { Connections } from "../upstream/index.ts";

/**
 * An address, and the calls on it.
 */
export class Upstream {
  readonly address: string;
  readonly authority: HeaderField;
  /** It is "host:port", as it should be. */
  readonly isAddress: boolean;
  /** How many calls are open on it; kept by whoever makes them. */
  inFlight = 0;
  /** Header blocks for this address, by whatever they are made for. */
  readonly blocks = new Map<object, HeaderBlock>();
  readonly #connections: Connections;

  constructor(address: string, connections: Connections) {
    this.address = address;
    this.authority = new HeaderField(":authority", address);
    this.isAddress = !(parseAddress(address) instanceof Error);
    this.#connections = connections;
  }

  /** Undefined if it has all the calls that it takes. */
  request(
    headers: HeaderBlock,
    endStream: boolean,
    handler: StreamHandler,
  ): Stream | undefined {
    return this.#connections.request(this.address, headers, endStream, handler);
  }

  /** See Connections. */
  whenSettled(
    onSettled: (isSettled: boolean) => void,
  ): (() => void) | undefined {
    return this.#connections.whenSettled(this.address, onSettled);
  }
}

/**
 * An instance that may be chosen, with its connections.
 */
export interface UpstreamCandidate extends Candidate {
  readonly upstream: Upstream;
}

/**
 * A proto service: whose turn it is among its instances.
 */
export interface ServiceUpstreams {
  readonly name: string;
  readonly policy: Policy;
  /** Those that want new calls, in the directory's order. */
  candidates: readonly UpstreamCandidate[];
}

/**
 * The instances of the current snapshot.
 */
export class Upstreams {
  readonly #name: string | undefined;
  readonly #connections: Connections;
  readonly #byAddress = new Map<string, Upstream>();
  /** Those that were asked for: they stay, so that turns go on. */
  readonly #services = new Map<string, ServiceUpstreams>();
  #serving: Snapshot["serving"] = new Map();

  /** `name` leaves only the instances that are registered under it. */
  constructor(name: string | undefined, connections: Connections) {
    this.#name = name;
    this.#connections = connections;
  }

  /** A proto service; the same object each time, and kept up to date. */
  service(name: string): ServiceUpstreams {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const candidates = this.#candidates(name);
    const service = { name, policy: createRoundRobin(), candidates };
    this.#services.set(name, service);
    return service;
  }

  /** Follow the registry. */
  update({ instances, serving }: Snapshot): void {
    const ours = instances.filter((instance) => this.#isOurs(instance));
    const addresses = new Set(ours.map(({ address }) => address));
    for (const address of this.#byAddress.keys())
      if (!addresses.has(address)) this.#byAddress.delete(address);
    this.#serving = serving;
    for (const service of this.#services.values())
      service.candidates = this.#candidates(service.name);
    // Last: calls that waited for one that left look for another at once.
    this.#connections.update({ instances: ours });
  }

  /** There is nobody to call any more. */
  clear(): void {
    this.#serving = new Map();
    for (const service of this.#services.values()) service.candidates = [];
  }

  #isOurs({ name }: Instance): boolean {
    return name === (this.#name ?? name);
  }

  #candidates(service: string): readonly UpstreamCandidate[] {
    return (this.#serving.get(service) ?? [])
      .filter((instance) => this.#isOurs(instance))
      .map((instance) => this.#toCandidate(instance));
  }

  #toCandidate(instance: Instance): UpstreamCandidate {
    const { address } = instance;
    const upstream =
      this.#byAddress.get(address) ?? new Upstream(address, this.#connections);
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
