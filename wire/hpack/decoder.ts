// Decodes header blocks. RFC 7541, 3 and 6.
//
// Written for blocks that repeat and against blocks that attack. The same
// bytes give the same HeaderBlock as long as the dynamic table stays as it is
// (BlockMemo). And fields are counted before they are made: behind an indexed
// reference of one byte may be kilobytes, so a block beyond its limits is only
// read on to keep the table in step, and one far beyond ends at once.

import { HeaderBlock, HeaderField } from "../header-block.ts";
import { BlockMemo } from "./block-memo.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { FIELD_OVERHEAD_BYTES, traitsOf } from "./header-field.ts";
import { HpackReader } from "./reader.ts";
import { STATIC_COUNT, staticFields } from "./static-table.ts";

/**
 * Options for HpackDecoder.
 */
export interface HpackDecoderOptions {
  /**
   * The table's size from the first block on, and the most that the peer may
   * choose. Peers assume 4,096 until they have acknowledged another
   * SETTINGS_HEADER_TABLE_SIZE: that is the time for setMaxTableBytes().
   */
  readonly maxTableBytes: number;
  /** The most bytes of one block, 32 extra per field. */
  readonly maxListBytes: number;
  /** The most fields of one block; each crumb of a cookie is one. */
  readonly maxFields: number;
  /** Whether to remember blocks by their bytes. Defaults to true. */
  readonly memo?: boolean;
}

/**
 * Why decode() gave no block.
 *
 * - compression: not HPACK, or not for this table. The table is lost, and the
 *   connection with it (COMPRESSION_ERROR).
 * - oversize: above maxListBytes or maxFields. The table is in step, the
 *   connection can go on.
 * - flood: above four times either. Decoding stopped there, so the table is
 *   lost as well.
 */
export type HpackFailure = "compression" | "oversize" | "flood";

/** So many times a limit is a flood. */
const FLOOD_FACTOR = 4;

// One block is decoded at a time, so all decoders share the reader.
const reader = new HpackReader();

/** The decoder of one direction of one connection. */
export class HpackDecoder {
  /** Why the last decode() gave no block. */
  failure: HpackFailure | undefined = undefined;
  /** If it was "oversize" or "flood": whether by the number of fields. */
  hasTooManyFields = false;
  memoHits = 0;
  memoMisses = 0;
  /** @internal */
  readonly table: DynamicTable;

  readonly #maxListBytes: number;
  readonly #maxFields: number;
  readonly #memo: BlockMemo | undefined;
  #maxTableBytes: number;
  /** The next block must first bring the table down to this size. */
  #requiredTableBytes = Number.POSITIVE_INFINITY;

  // Of the block being decoded. No `fields` means that it is oversize.
  #fields: HeaderField[] | undefined = undefined;
  #fieldCount = 0;
  #listBytes = 0;
  #tableChanged = false;

  constructor(options: HpackDecoderOptions) {
    this.table = new DynamicTable(options.maxTableBytes);
    this.#maxTableBytes = options.maxTableBytes;
    this.#maxListBytes = options.maxListBytes;
    this.#maxFields = options.maxFields;
    this.#memo = options.memo === false ? undefined : new BlockMemo();
  }

  /**
   * Change the table size that we allow, when the peer has acknowledged it.
   * If the table is larger now, the next block must begin with a size update.
   */
  setMaxTableBytes(bytes: number): void {
    this.#maxTableBytes = bytes;
    if (bytes < this.table.maxBytes) {
      this.#requiredTableBytes = Math.min(this.#requiredTableBytes, bytes);
      this.#memo?.clear();
    }
  }

  /**
   * Decode bytes[start, end), a complete block. Never throws: without a block,
   * `failure` says why.
   */
  decode(bytes: Buffer, start: number, end: number): HeaderBlock | undefined {
    this.failure = undefined;
    const memo = this.#memo;
    if (memo !== undefined) {
      const known = memo.find(bytes, start, end);
      if (known !== undefined) {
        this.memoHits++;
        return known;
      }
      this.memoMisses++;
    }
    const block = this.#decodeInFull(bytes, start, end);
    if (memo !== undefined) {
      if (this.#tableChanged) memo.clear();
      else if (block !== undefined) memo.store(bytes, start, end, block);
    }
    return block;
  }

  #decodeInFull(
    bytes: Buffer,
    start: number,
    end: number,
  ): HeaderBlock | undefined {
    const fields: HeaderField[] = [];
    this.#fields = fields;
    this.#fieldCount = 0;
    this.#listBytes = 0;
    this.#tableChanged = false;
    reader.open(bytes, start, end);
    const complete = this.#readSizeUpdates(bytes) && this.#readFields(bytes);
    const isOversize = this.#fields === undefined;
    this.#fields = undefined;
    reader.close();
    if (!complete) {
      this.failure ??= "compression";
      return undefined;
    }
    if (isOversize) {
      this.failure = "oversize";
      return undefined;
    }
    return new HeaderBlock(fields, this.#listBytes);
  }

  /** Size updates come before the first field or not at all. RFC 7541, 4.2. */
  #readSizeUpdates(bytes: Buffer): boolean {
    while (
      reader.position < reader.end &&
      ((bytes[reader.position] as number) & 0xe0) === 0x20
    ) {
      const size = reader.readInteger(0x1f);
      if (size < 0 || size > this.#maxTableBytes) return false;
      this.table.resize(size);
      this.#tableChanged = true;
      if (size <= this.#requiredTableBytes) {
        this.#requiredTableBytes = Number.POSITIVE_INFINITY;
      }
    }
    return this.#requiredTableBytes === Number.POSITIVE_INFINITY;
  }

  #readFields(bytes: Buffer): boolean {
    while (reader.position < reader.end) {
      const first = bytes[reader.position] as number;
      let isRead: boolean;
      if (first >= 0x80) isRead = this.#readIndexed();
      else if (first >= 0x40) isRead = this.#readIndexedLiteral();
      else if (first >= 0x20) isRead = false;
      else isRead = this.#readPlainLiteral(first >= 0x10);
      if (!isRead) return false;
    }
    return true;
  }

  #readIndexed(): boolean {
    const index = reader.readInteger(0x7f);
    const field = this.#fieldAt(index);
    if (field === undefined) return false;
    if (!this.#countField(field.size)) return false;
    if (this.#fields !== undefined) this.#fields.push(field);
    return true;
  }

  /** A literal that enters the table. RFC 7541, 6.2.1. */
  #readIndexedLiteral(): boolean {
    const nameIndex = reader.readInteger(0x3f);
    const size = this.#readLiteral(nameIndex);
    if (size < 0 || !this.#countField(size)) return false;
    this.#tableChanged = true;
    if (size > this.table.maxBytes && this.#fields === undefined) {
      this.table.clear();
      return true;
    }
    const field = this.#createField(nameIndex, false);
    this.table.insert(field);
    if (this.#fields !== undefined) this.#fields.push(field);
    return true;
  }

  /** A literal that doesn't enter the table. RFC 7541, 6.2.2 and 6.2.3. */
  #readPlainLiteral(neverIndexed: boolean): boolean {
    const nameIndex = reader.readInteger(0x0f);
    const size = this.#readLiteral(nameIndex);
    if (size < 0 || !this.#countField(size)) return false;
    if (this.#fields !== undefined) {
      this.#fields.push(this.#createField(nameIndex, neverIndexed));
    }
    return true;
  }

  /** Find a literal's strings. Returns the field's size, -1 on an error. */
  #readLiteral(nameIndex: number): number {
    let nameLength: number;
    if (nameIndex === 0) {
      if (!reader.readString(reader.name)) return -1;
      nameLength = reader.name.length;
    } else {
      const named = this.#fieldAt(nameIndex);
      if (named === undefined) return -1;
      nameLength = named.name.length;
    }
    if (!reader.readString(reader.value)) return -1;
    return nameLength + reader.value.length + FIELD_OVERHEAD_BYTES;
  }

  #createField(nameIndex: number, neverIndexed: boolean): HeaderField {
    const value = reader.value.toString();
    const named = nameIndex === 0 ? undefined : this.#fieldAt(nameIndex);
    if (named === undefined) {
      return new HeaderField(reader.name.toString(), value, neverIndexed);
    }
    return new HeaderField(named.name, value, neverIndexed, traitsOf(named));
  }

  /** Count a field before it is made. False on a flood. */
  #countField(size: number): boolean {
    this.#fieldCount++;
    this.#listBytes += size;
    if (
      this.#listBytes <= this.#maxListBytes &&
      this.#fieldCount <= this.#maxFields
    ) {
      return true;
    }
    this.hasTooManyFields = this.#fieldCount > this.#maxFields;
    // Let go of what was made so far.
    this.#fields = undefined;
    if (
      this.#listBytes <= this.#maxListBytes * FLOOD_FACTOR &&
      this.#fieldCount <= this.#maxFields * FLOOD_FACTOR
    ) {
      return true;
    }
    this.failure = "flood";
    return false;
  }

  #fieldAt(index: number): HeaderField | undefined {
    if (index > STATIC_COUNT) return this.table.get(index - STATIC_COUNT - 1);
    return index > 0 ? staticFields[index] : undefined;
  }
}
