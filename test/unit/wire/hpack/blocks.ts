// What the tests of HPACK share: blocks from hex, and blocks as plain pairs.

import assert from "node:assert/strict";
import { HeaderBlock, HeaderField } from "../../../../wire/header-block.ts";
import {
  HpackDecoder,
  type HpackDecoderOptions,
} from "../../../../wire/hpack/decoder.ts";
import type { DynamicTable } from "../../../../wire/hpack/dynamic-table.ts";

export type Pair = readonly [name: string, value: string];

/** A decoder with limits that no honest test reaches. */
export function createDecoder(
  options: Partial<HpackDecoderOptions> = {},
): HpackDecoder {
  return new HpackDecoder({
    maxTableBytes: 4_096,
    maxListBytes: 1 << 20,
    maxFields: 1_000,
    ...options,
  });
}

/** Bytes from hex, with spaces where they help the reader. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
}

/** Decode a complete block. */
export function decode(
  decoder: HpackDecoder,
  bytes: Buffer,
): HeaderBlock | undefined {
  return decoder.decode(bytes, 0, bytes.length);
}

/** Decode a block that must be one. */
export function decodeFields(decoder: HpackDecoder, bytes: Buffer): Pair[] {
  const block = decode(decoder, bytes);
  assert.ok(block !== undefined, `failed: ${decoder.failure}`);
  assert.equal(decoder.failure, undefined);
  return toPairs(block);
}

export function toPairs(block: HeaderBlock): Pair[] {
  return block.fields.map(({ name, value }) => [name, value]);
}

/** A block of any fields, those that HTTP/2 forbids included. */
export function toBlock(
  fields: readonly Pair[],
  neverIndexed: (pair: Pair) => boolean = () => false,
): HeaderBlock {
  const list = fields.map(
    (pair) => new HeaderField(pair[0], pair[1], neverIndexed(pair)),
  );
  return new HeaderBlock(
    list,
    list.reduce((sum, { size }) => sum + size, 0),
  );
}

/** A table's entries, the newest first. */
export function tableEntries(table: DynamicTable): Pair[] {
  const entries: Pair[] = [];
  for (let age = 0; age < table.count; age++) {
    const field = table.get(age);
    if (field !== undefined) entries.push([field.name, field.value]);
  }
  return entries;
}
