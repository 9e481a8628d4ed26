// Ids of instances: UUIDs of version 7, which sort by the time of their
// making. RFC 9562, section 5.7. (Node 24 makes version 4 only.)

import { randomBytes } from "node:crypto";

/**
 * Create an id that no other process start has.
 */
export function createInstanceId(nowMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6); // version 7
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8); // variant 10
  return bytes
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * When an id of createInstanceId() was made, in milliseconds since 1970 by the
 * clock of its maker; undefined for an id that is no UUID of version 7.
 */
export function instanceIdTime(id: string): number | undefined {
  const pattern =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/i;
  const [, high, low] = pattern.exec(id) ?? [];
  return high && low ? Number.parseInt(high + low, 16) : undefined;
}
