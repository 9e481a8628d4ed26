// The address that others are told, when it is not given.

import { networkInterfaces } from "node:os";
import { type Address, isWildcard } from "../core/index.ts";

/**
 * Choose the address to register for a server that listens on `listening`:
 * the same; for a wildcard the first address of this machine that is not
 * loopback (IPv4 before IPv6), or loopback where there is no other.
 */
export function advertisedAddress(listening: Address): Address {
  if (!isWildcard(listening.host)) return listening;
  const addresses = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    // Link-local addresses need a zone, which means nothing to others.
    .filter(({ address, internal }) => !internal && !/^fe80:/i.test(address))
    .sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0));
  return {
    host: addresses[0]?.address ?? "127.0.0.1",
    port: listening.port,
  };
}
