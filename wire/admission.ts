// Which connections are let in: so many in all, so many from one address.

import type { Socket } from "node:net";
import type { Limits } from "./limits.ts";
import { countViolation, type Violation, type WireStats } from "./stats.ts";

/** Counts connections. */
export interface Admission {
  /** Let a connection in, or close it. Returns whether it may stay. */
  admit(socket: Socket): boolean;
}

/**
 * Create an admission that has let in nobody. What it closes is counted among
 * the violations.
 */
export function createAdmission(limits: Limits, stats: WireStats): Admission {
  const { maxConnections, maxConnectionsPerAddress } = limits;
  const counts = new Map<string, number>();
  let all = 0;

  const refuse = (socket: Socket, limit: Violation) => {
    countViolation(stats, limit);
    socket.destroy();
    return false;
  };

  return {
    admit(socket) {
      const address = toNetwork(socket.remoteAddress ?? "");
      const count = counts.get(address) ?? 0;
      if (all >= maxConnections) return refuse(socket, "maxConnections");
      if (count >= maxConnectionsPerAddress)
        return refuse(socket, "maxConnectionsPerAddress");
      all++;
      counts.set(address, count + 1);
      socket.once("close", () => {
        all--;
        const left = (counts.get(address) ?? 1) - 1;
        if (left === 0) counts.delete(address);
        else counts.set(address, left);
      });
      return true;
    },
  };
}

/**
 * What counts as one address: an IPv4 address, or the first 64 bits of an IPv6
 * address, because everybody has all the others. RFC 4291, section 2.5.4.
 *
 * @internal
 */
export function toNetwork(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [left = "", right] = address.split("::");
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
