// A static entry: a proto service and the addresses that serve it, as written
// in a flag, and the instances that it means. Pure.

import {
  createInstance,
  formatAddress,
  type Instance,
  isWildcard,
  parseAddress,
  State,
} from "../../../core/index.ts";

/** The registered name of instances that nobody gave one. */
export const STATIC_NAME = "static";

/**
 * Where a proto service is served.
 */
export interface StaticEntry {
  /** Fully qualified, "greeter.v1.GreeterService". */
  readonly service: string;
  /** Each "host:port". At least one. */
  readonly addresses: readonly string[];
}

/**
 * Parse "service=host:port[,host:port...]", several of them with semicolons or
 * white space in between. Returns an Error that names the first wrong part.
 */
export function parseStatic(text: string): readonly StaticEntry[] | Error {
  // Whoever writes "a=h:1, h:2" means one entry.
  const parts = text.replace(/\s*([=,])\s*/g, "$1").split(/[;\s]+/);
  const entries: StaticEntry[] = [];
  for (const part of parts.filter((part) => part !== "")) {
    const [service = "", list, ...rest] = part.split("=");
    if (list === undefined || rest.length > 0) {
      return new Error(`"${part}" is not service=host:port[,host:port]`);
    }
    const entry = createEntry(service, list.split(","));
    if (entry instanceof Error) return entry;
    entries.push(entry);
  }
  return entries.length > 0
    ? entries
    : new Error("there is no service=host:port[,host:port] in it");
}

/**
 * Create an entry, its addresses in their usual form. Returns an Error if the
 * service can't be one, or an address can't be called.
 */
export function createEntry(
  service: string,
  addresses: readonly string[],
): StaticEntry | Error {
  if (!/^[a-z_]\w*(\.[a-z_]\w*)*$/i.test(service)) {
    return new Error(
      `"${service}" is not the full name of a proto service (for example greeter.v1.GreeterService)`,
    );
  }
  if (addresses.length === 0) return new Error(`${service} has no address`);
  const usable: string[] = [];
  for (const text of addresses) {
    const address = parseUsableAddress(text);
    if (address instanceof Error) {
      return new Error(`${service}: ${address.message}`);
    }
    usable.push(address);
  }
  return { service, addresses: usable };
}

/**
 * Read "host:port" that can be called, in its usual form.
 */
export function parseUsableAddress(text: string): string | Error {
  const address = parseAddress(text);
  if (address instanceof Error) return address;
  if (address.port === 0) return new Error(`"${text}" has no port to call`);
  if (isWildcard(address.host)) {
    return new Error(`"${text}" is an address to listen on, not one to call`);
  }
  return formatAddress(address);
}

/**
 * The instances of some entries: one for each address, whatever the number of
 * services on it.
 */
export function toInstances(entries: Iterable<StaticEntry>): Instance[] {
  const services = new Map<string, Set<string>>();
  for (const { service, addresses } of entries) {
    for (const address of addresses) {
      const of = services.get(address) ?? new Set();
      services.set(address, of.add(service));
    }
  }
  return [...services].map(([address, names]) =>
    createInstance({
      id: staticId(address),
      name: STATIC_NAME,
      address,
      services: [...names].sort(),
      state: State.SERVING,
    }),
  );
}

/**
 * The id of an instance that nobody gave one: the same whenever it is read,
 * and none that a process takes by itself.
 */
export function staticId(address: string): string {
  return `static:${address}`;
}
