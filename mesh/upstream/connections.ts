// HTTP/2 connections to the instances, shared by all calls: one to each, and
// more only while an instance allows no more calls on those there are.

import type { ConnectionOptions as TlsOptions } from "node:tls";
import { type Address, parseAddress } from "../../core/index.ts";
import {
  ErrorCode,
  type HeaderBlock,
  type Stream,
  type StreamHandler,
  type WireStats,
} from "../../wire/index.ts";
import type { Snapshot } from "../registry/index.ts";
import { InstanceConnection } from "./instance-connection.ts";

/** How many connections there may be to one instance. gRFC A105. */
const MAX_CONNECTIONS = 10;

/**
 * How many calls at once an instance is expected to allow, before it has said
 * so. RFC 9113, section 6.5.2, wants no less.
 */
const EXPECTED_STREAMS = 100;

/** After so long without a sign of life, in milliseconds, calls ask for one. */
const KEEPALIVE_INTERVAL_MS = 30_000;

/** So patient, at most, is who was told to be: a dead instance must be found. */
const MAX_KEEPALIVE_INTERVAL_MS = 5 * 60_000;

/**
 * Connections to instances.
 */
export interface Connections {
  /**
   * Send a request to "host:port", on a new connection if need be. A failure,
   * to connect as well, shows as the end of the stream; describeFailure() tells
   * more. Returns undefined if the instance has all the calls that it takes.
   */
  request(
    address: string,
    headers: HeaderBlock,
    endStream: boolean,
    handler: StreamHandler,
  ): Stream | undefined;

  /**
   * After request() has returned undefined: if the instance has yet to say how
   * many calls it takes, call a function when it did, or when it is no use to
   * wait longer, and return a function that ends the wait. Undefined if there is
   * nothing to wait for. Only with `isPatient`.
   */
  whenSettled(
    address: string,
    onSettled: (isSettled: boolean) => void,
  ): (() => void) | undefined;

  /** Let go of connections to instances that left, when their calls ended. */
  update(snapshot: Pick<Snapshot, "instances">): void;

  /**
   * Let go of all connections, when their calls ended, also of those to
   * instances that left. No caller is left: calls that were given up end now.
   */
  close(): void;

  /** Close all connections at once: open calls are lost. */
  cut(): void;
}

/**
 * Options for createConnections().
 */
export interface ConnectionsOptions {
  /**
   * Speak TLS, with ALPN "h2": what node:tls takes, without an address.
   * Defaults to cleartext.
   */
  readonly tls?: TlsOptions | undefined;
  /**
   * Open no second connection to an instance before it has said how many calls
   * it takes on the first; request() returns undefined meanwhile. Defaults to
   * false.
   */
  readonly isPatient?: boolean;
}

/** What the pools have in common. */
interface Shared extends ConnectionsOptions {
  readonly stats: WireStats;
  /** All connections that aren't closed, those that take no more calls too. */
  readonly all: Set<InstanceConnection>;
}

/**
 * Create an empty set of connections. All add to the same counters.
 */
export function createConnections(
  stats: WireStats,
  options: ConnectionsOptions = {},
): Connections {
  const pools = new Map<string, Pool>();
  const all = new Set<InstanceConnection>();
  const shared: Shared = { ...options, stats, all };

  function open(address: string): Pool | undefined {
    const target = parseAddress(address);
    if (target instanceof Error) return undefined;
    const pool = new Pool(target, shared);
    pools.set(address, pool);
    return pool;
  }

  return {
    request(address, headers, endStream, handler) {
      const pool = pools.get(address) ?? open(address);
      return pool?.request(headers, endStream, handler);
    },
    whenSettled: (address, onSettled) =>
      pools.get(address)?.whenSettled(onSettled),
    update({ instances }) {
      const addresses = new Set(instances.map(({ address }) => address));
      for (const [address, pool] of pools) {
        if (addresses.has(address)) continue;
        pools.delete(address);
        pool.drain();
      }
    },
    close() {
      pools.clear();
      for (const connection of [...all]) connection.close();
    },
    cut() {
      pools.clear();
      for (const connection of [...all]) connection.cut();
    },
  };
}

/**
 * How long to wait between signs of life once "too_many_pings" was said. gRPC
 * A8 doubles the time.
 */
export function moreKeepaliveMs(intervalMs: number): number {
  return Math.min(2 * intervalMs, MAX_KEEPALIVE_INTERVAL_MS);
}

/** The connections to one instance that take calls. */
class Pool {
  readonly #address: Address;
  readonly #shared: Shared;
  #connections: InstanceConnection[] = [];
  readonly #waiting = new Set<(isSettled: boolean) => void>();
  #expectedStreams = EXPECTED_STREAMS;
  #keepaliveIntervalMs = KEEPALIVE_INTERVAL_MS;

  constructor(address: Address, shared: Shared) {
    this.#address = address;
    this.#shared = shared;
  }

  request(
    headers: HeaderBlock,
    endStream: boolean,
    handler: StreamHandler,
  ): Stream | undefined {
    for (const connection of this.#connections) {
      // Some stop by themselves: idle, old, or all their ids are used up.
      if (!connection.isOpen) {
        this.#forget(connection);
        continue;
      }
      if (
        !connection.hasSettings &&
        connection.openStreams >= this.#expectedStreams
      )
        continue;
      const stream = connection.request(headers, endStream, handler);
      if (stream !== undefined) return stream;
    }
    if (this.#connections.length >= MAX_CONNECTIONS) return undefined;
    if (this.#shared.isPatient === true && this.#isSettling) return undefined;
    return this.#open().request(headers, endStream, handler);
  }

  /** An instance has yet to say how many calls it takes. */
  get #isSettling(): boolean {
    return this.#connections.some(
      ({ isOpen, hasSettings }) => isOpen && !hasSettings,
    );
  }

  whenSettled(
    onSettled: (isSettled: boolean) => void,
  ): (() => void) | undefined {
    if (this.#shared.isPatient !== true || !this.#isSettling) return undefined;
    this.#waiting.add(onSettled);
    return () => this.#waiting.delete(onSettled);
  }

  /** Those who begin to wait meanwhile wait for the next one. */
  #settle(isSettled: boolean): void {
    for (const onSettled of [...this.#waiting])
      if (this.#waiting.delete(onSettled)) onSettled(isSettled);
  }

  drain(): void {
    for (const connection of [...this.#connections]) connection.drain();
    this.#settle(false);
  }

  #open(): InstanceConnection {
    const { stats, tls, all } = this.#shared;
    const connection = new InstanceConnection(this.#address, {
      keepaliveIntervalMs: this.#keepaliveIntervalMs,
      stats,
      tls,
      onSettings: (maxStreams) => {
        this.#expectedStreams = maxStreams;
        this.#settle(true);
      },
      onGoaway: (code) => {
        if (code === ErrorCode.enhanceYourCalm)
          this.#keepaliveIntervalMs = moreKeepaliveMs(
            this.#keepaliveIntervalMs,
          );
        this.#forget(connection);
      },
      onClose: () => {
        all.delete(connection);
        this.#forget(connection);
        if (!connection.hasSettings) this.#settle(false);
      },
    });
    all.add(connection);
    this.#connections.push(connection);
    return connection;
  }

  #forget(connection: InstanceConnection): void {
    this.#connections = this.#connections.filter(
      (other) => other !== connection,
    );
  }
}
