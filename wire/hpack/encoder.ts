// Encodes header blocks. RFC 7541, 6.
//
// A field enters the dynamic table when it is seen for the second time. Values
// that are new on every call (deadlines, trace and request ids) would else
// push out what does repeat, and each insertion makes the table another one,
// for which nothing that was encoded before is good any more. Their names are
// worth one entry, though.

import type { HeaderBlock, HeaderField } from "../header-block.ts";
import { DEFAULT_TABLE_BYTES, DynamicTable } from "./dynamic-table.ts";
import { EncoderIndex, type NameRecord } from "./encoder-index.ts";
import { writeInteger, writeString } from "./primitives.ts";
import { findStaticField, STATIC_COUNT } from "./static-table.ts";

/**
 * Options for HpackEncoder.
 */
export interface HpackEncoderOptions {
  /** The largest dynamic table to use, if the peer allows it. Defaults to 4,096. */
  readonly maxTableBytes?: number;
  /** Whether to remember the bytes of blocks. Defaults to true. */
  readonly memo?: boolean;
}

// What a field's first byte begins with. RFC 7541, 6.
const INDEXED = 0x80;
const INDEXED_LITERAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED_LITERAL = 0x10;
const PLAIN_LITERAL = 0x00;

const MAX_MEMO_BLOCKS = 128;
const MAX_MEMO_BLOCK_BYTES = 1_024;

// Two size updates at most, of four bytes each.
const SIZE_UPDATE_BYTES = 16;
const MAX_SCRATCH_BYTES = 65_536;
let scratch: Buffer = Buffer.allocUnsafeSlow(4_096);

/** The encoder of one direction of one connection. */
export class HpackEncoder {
  memoHits = 0;
  memoMisses = 0;
  /** @internal */
  readonly table: DynamicTable = new DynamicTable(DEFAULT_TABLE_BYTES);

  readonly #index: EncoderIndex;
  readonly #maxTableBytes: number;
  readonly #usesMemo: boolean;
  #memo: Map<HeaderBlock, Buffer> | undefined = undefined;

  /** What the peer is to be told: the size wanted, and the least since. */
  #tableBytes: number = DEFAULT_TABLE_BYTES;
  #leastTableBytes: number = DEFAULT_TABLE_BYTES;

  /** Whether the bytes would be the same if the block came again. */
  #isStable = true;

  constructor(options: HpackEncoderOptions = {}) {
    this.#maxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    this.#usesMemo = options.memo !== false;
    this.#index = new EncoderIndex(this.table);
    if (this.#maxTableBytes < DEFAULT_TABLE_BYTES) {
      this.setPeerTableBytes(DEFAULT_TABLE_BYTES);
    }
  }

  /** Set the peer's SETTINGS_HEADER_TABLE_SIZE, for the blocks from now on. */
  setPeerTableBytes(bytes: number): void {
    this.#tableBytes = Math.min(bytes, this.#maxTableBytes);
    this.#leastTableBytes = Math.min(this.#leastTableBytes, this.#tableBytes);
    if (this.#needsSizeUpdate()) this.#memo?.clear();
  }

  /**
   * Encode a block. The bytes are valid until the next encode() of any
   * encoder, and not to be modified.
   */
  encode(block: HeaderBlock): Buffer {
    const known = this.#memo?.get(block);
    if (known !== undefined) {
      this.memoHits++;
      return known;
    }
    this.memoMisses++;
    const room = block.size + SIZE_UPDATE_BYTES;
    let target = scratch;
    if (room > target.length) {
      target = Buffer.allocUnsafeSlow(room);
      if (room <= MAX_SCRATCH_BYTES) scratch = target;
    }
    const end = this.#write(block, target);
    const bytes = target.subarray(0, end);
    if (this.#usesMemo && this.#isStable && end <= MAX_MEMO_BLOCK_BYTES) {
      this.#memo ??= new Map();
      if (this.#memo.size >= MAX_MEMO_BLOCKS) this.#memo.clear();
      // A buffer of its own: one from Node's pool would pin all of that.
      const copy = Buffer.allocUnsafeSlow(end);
      bytes.copy(copy);
      this.#memo.set(block, copy);
    }
    return bytes;
  }

  #write(block: HeaderBlock, target: Buffer): number {
    this.#isStable = true;
    let at = this.#needsSizeUpdate() ? this.#writeSizeUpdates(target) : 0;
    const fields = block.fields;
    for (let i = 0; i < fields.length; i++) {
      at = this.#writeField(fields[i] as HeaderField, target, at);
    }
    return at;
  }

  #needsSizeUpdate(): boolean {
    const current = this.table.maxBytes;
    return this.#tableBytes !== current || this.#leastTableBytes < current;
  }

  /** The smallest size since the last block, then the one to use. */
  #writeSizeUpdates(target: Buffer): number {
    let at = 0;
    const least = this.#leastTableBytes;
    if (least < this.#tableBytes && least < this.table.maxBytes) {
      at = writeInteger(target, at, SIZE_UPDATE, 5, least);
      this.table.resize(least);
    }
    at = writeInteger(target, at, SIZE_UPDATE, 5, this.#tableBytes);
    this.table.resize(this.#tableBytes);
    this.#leastTableBytes = this.#tableBytes;
    this.#isStable = false;
    return at;
  }

  #writeField(field: HeaderField, target: Buffer, at: number): number {
    const index = this.#index;
    if (field.neverIndexed) {
      const record = index.recordOf(field.name);
      return this.#writeLiteral(
        field,
        record,
        target,
        at,
        NEVER_INDEXED_LITERAL,
      );
    }
    if (field.staticIndex < 0) {
      field.staticIndex = findStaticField(field.name, field.value);
    }
    if (field.staticIndex > 0) {
      target[at] = INDEXED | field.staticIndex;
      return at + 1;
    }
    let age = index.ageOfHint(field);
    if (age < 0) {
      const record = index.recordOf(field.name);
      age = index.ageOf(field, record);
      if (age < 0) return this.#writeUnknown(field, record, target, at);
    }
    return writeInteger(target, at, INDEXED, 7, STATIC_COUNT + 1 + age);
  }

  /** Write a field that no table has, and insert it if it came before. */
  #writeUnknown(
    field: HeaderField,
    record: NameRecord,
    target: Buffer,
    at: number,
  ): number {
    const index = this.#index;
    if (index.isTooLarge(field)) {
      return this.#writeLiteral(field, record, target, at, PLAIN_LITERAL);
    }
    // Seen once or now entered: either way, next time the bytes are others.
    this.#isStable = false;
    if (!index.isWorthInserting(field.value, record)) {
      return this.#writeLiteral(field, record, target, at, PLAIN_LITERAL);
    }
    const end = this.#writeLiteral(field, record, target, at, INDEXED_LITERAL);
    index.insert(field, record);
    this.#memo?.clear();
    return end;
  }

  #writeLiteral(
    field: HeaderField,
    record: NameRecord,
    target: Buffer,
    at: number,
    flags: number,
  ): number {
    const nameIndex = this.#index.nameIndex(record);
    const prefixBits = flags === INDEXED_LITERAL ? 6 : 4;
    let position = writeInteger(target, at, flags, prefixBits, nameIndex);
    if (nameIndex === 0) position = writeString(target, position, field.name);
    return writeString(target, position, field.value);
  }
}
