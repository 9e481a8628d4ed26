// Starts and stops an etcd inside this process, for development.

import { BlockList } from "node:net";
import { performance } from "node:perf_hooks";
import { type Address, formatAddress, PortolanError } from "../core/index.ts";
import { createServiceServer } from "../runtime/index.ts";
import { createEtcdRoutes } from "./routes.ts";
import { Store } from "./store.ts";

/** The largest request: etcd's default limit for messages it receives. */
const MAX_REQUEST_BYTES = 2 * 1024 * 1024;

/**
 * How long watch and keep-alive streams have to take their last status, in
 * milliseconds. They get it at once; a stuck client is cut off then.
 */
const CLOSE_GRACE_MS = 200;

/**
 * Options for startEmbeddedEtcd().
 */
export interface EmbeddedEtcdOptions {
  /**
   * Where to listen: a loopback address. Defaults to 127.0.0.1 and a free port.
   */
  readonly listen?: Address;
  /**
   * How many revisions can be read and watched back, at least. What is older is
   * compacted by itself, as with etcd's --auto-compaction-mode=revision.
   * Defaults to 10,000; from 1 on.
   */
  readonly historyLimit?: number;
  /**
   * The shortest TTL a lease gets, in seconds; a shorter one asked for is raised
   * to it. Defaults to 2, as in etcd; at least 1, as TTLs are whole seconds.
   */
  readonly minLeaseTtlSeconds?: number;
  /**
   * How often leases are checked for expiry, in milliseconds: a lease outlives
   * its TTL by up to this. Defaults to 500, as in etcd.
   */
  readonly leaseCheckIntervalMs?: number;
  /**
   * How often idle watchers that asked for `progress_notify` hear of the
   * revision, in milliseconds. Defaults to 600,000, as in etcd.
   */
  readonly progressNotifyIntervalMs?: number;
  /**
   * A monotonic clock in milliseconds, for leases. Defaults to performance.now.
   */
  readonly now?: () => number;
}

/**
 * A running embedded etcd.
 */
export interface EmbeddedEtcd extends AsyncDisposable {
  /** "host:port" to give to clients. */
  readonly address: string;
  /**
   * End all streams and connections and forget all data. Resolves soon, also
   * with watchers open. May be called again.
   */
  close(): Promise<void>;
}

/**
 * Start an etcd in this process. Its data lives in memory only and is gone
 * when it closes.
 *
 * Throws PortolanError with ERR_USAGE if the address is not a loopback one or
 * an option is out of its range, with ERR_ADDRESS_IN_USE if the port is taken.
 */
export async function startEmbeddedEtcd(
  options: EmbeddedEtcdOptions = {},
): Promise<EmbeddedEtcd> {
  const resolved = resolveEmbeddedEtcdOptions(options);
  const store = new Store({
    now: resolved.now,
    minTtlSeconds: resolved.minLeaseTtlSeconds,
    historyLimit: resolved.historyLimit,
  });
  const routes = createEtcdRoutes({
    store,
    clientUrls: () => [`http://${address}`],
    progressNotifyIntervalMs: resolved.progressNotifyIntervalMs,
  });
  const server = createServiceServer({
    routes,
    readMaxBytes: MAX_REQUEST_BYTES,
  });
  const address = formatAddress(await server.listen(resolved.listen));
  const leaseTimer = setInterval(
    () => store.expireLeases(),
    resolved.leaseCheckIntervalMs,
  ).unref();
  let closing: Promise<void> | undefined;
  const close = () => {
    clearInterval(leaseTimer);
    closing ??= server.close(CLOSE_GRACE_MS);
    return closing;
  };
  return { address, close, [Symbol.asyncDispose]: close };
}

function resolveEmbeddedEtcdOptions(
  options: EmbeddedEtcdOptions,
): Required<EmbeddedEtcdOptions> {
  const resolved = {
    listen: { host: "127.0.0.1", port: 0 },
    historyLimit: 10_000,
    minLeaseTtlSeconds: 2,
    leaseCheckIntervalMs: 500,
    progressNotifyIntervalMs: 600_000,
    now: () => performance.now(),
    ...options,
  };
  requireLoopback(resolved.listen);
  for (const name of ["historyLimit", "minLeaseTtlSeconds"] as const) {
    if (Number.isSafeInteger(resolved[name]) && resolved[name] >= 1) continue;
    throw new PortolanError(
      "ERR_USAGE",
      `${name} must be a whole number, 1 or more`,
    );
  }
  return resolved;
}

/** There is no authentication: nobody but this machine may get in. */
function requireLoopback(address: Address): void {
  const { host } = address;
  if (host === "localhost") return;
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  if (loopback.check(host) || loopback.check(host, "ipv6")) return;
  throw new PortolanError(
    "ERR_USAGE",
    `the embedded etcd listens on loopback only, not on ${formatAddress(address)}: it has no authentication`,
  );
}
