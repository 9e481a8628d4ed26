// Encodes header blocks in all the ways that RFC 7541 allows, at random, and
// keeps a table of its own, so that each block decodes and the state that it
// leaves behind is as strange as it can be.

import type { Random } from "../../support/random.ts";
import {
  type Field,
  indexed,
  integer,
  literal,
  literalAt,
  tableSize,
} from "../../support/raw-http2/hpack.ts";
import { stringLiteral } from "./huffman-writer.ts";

const STATIC_COUNT = 61;
const MAX_TABLE_BYTES = 4_096;
const ENTRY_OVERHEAD_BYTES = 32;

/** Fields that the static table has whole. */
const WHOLE = new Map([
  [":method GET", 2],
  [":method POST", 3],
  [":path /", 4],
  [":scheme http", 6],
  [":status 200", 8],
  [":status 204", 9],
  [":status 404", 13],
]);

/** Names that it has. */
const NAMES = new Map([
  [":authority", 1],
  [":path", 4],
  [":status", 8],
  ["content-length", 28],
  ["content-type", 31],
  ["cookie", 32],
  ["user-agent", 58],
]);

/** The encoder of one direction of one connection. */
export class BlockMaker {
  readonly #random: Random;
  /** The newest first, as the decoder has it. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #maxTableBytes = MAX_TABLE_BYTES;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Encode a block, somehow. */
  make(fields: readonly Field[]): Buffer {
    const parts: Buffer[] = [];
    while (this.#random.chance(0.05)) parts.push(this.#resize());
    for (const field of fields) parts.push(this.#field(field));
    return Buffer.concat(parts);
  }

  #field(field: Field): Buffer {
    const [name, value] = field;
    const random = this.#random;
    const known = WHOLE.get(`${name} ${value}`);
    if (known !== undefined && random.chance(0.7)) return indexed(known);
    const age = this.#table.findIndex(([n, v]) => n === name && v === value);
    if (age >= 0 && random.chance(0.8)) return indexed(STATIC_COUNT + 1 + age);
    const how = random.pick(["incremental", "without", "never"] as const);
    const at = this.#indexOfName(name);
    let bytes: Buffer;
    if (at > 0 && random.chance(0.7)) bytes = literalAt(at, value, how);
    else if (random.chance(0.5)) bytes = literal(name, value, how);
    else bytes = literalInHuffman(name, value, how === "incremental");
    if (how === "incremental") this.#insert(field);
    return bytes;
  }

  #indexOfName(name: string): number {
    const age = this.#table.findIndex(([known]) => known === name);
    if (age < 0 || this.#random.chance(0.3)) return NAMES.get(name) ?? 0;
    return STATIC_COUNT + 1 + age;
  }

  #resize(): Buffer {
    const random = this.#random;
    const bytes = random.chance(0.5)
      ? MAX_TABLE_BYTES
      : random.below(MAX_TABLE_BYTES + 1);
    this.#maxTableBytes = bytes;
    this.#evict(bytes);
    return tableSize(bytes);
  }

  #insert(field: Field) {
    const bytes = sizeOf(field);
    this.#evict(this.#maxTableBytes - bytes);
    if (bytes > this.#maxTableBytes) return;
    this.#table.unshift(field);
    this.#tableBytes += bytes;
  }

  #evict(downTo: number) {
    while (this.#tableBytes > downTo) {
      const oldest = this.#table.pop();
      if (oldest === undefined) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

function literalInHuffman(name: string, value: string, enters: boolean) {
  const first = integer(0, enters ? 6 : 4, enters ? 0x40 : 0);
  return Buffer.concat([first, stringLiteral(name), stringLiteral(value)]);
}
