// Reads the integers and strings of RFC 7541, 5 from a header block.
//
// Strings are found first and made later, if at all: a string that no table
// and no block will hold never becomes one. All decoders share one reader, for
// a block is decoded in one go.

import { decodeHuffman, maxDecodedBytes } from "./huffman.ts";

// Beyond this a Huffman string gets a buffer of its own.
const MAX_SCRATCH_BYTES = 65_536;

// 28 bits: more than any table or string may have.
const MAX_CONTINUATION_SHIFT = 21;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Where a string's octets are. */
export class StringSpan {
  start = 0;
  length = 0;
  #source: Buffer | undefined = undefined;
  #scratch: Buffer = Buffer.allocUnsafeSlow(1_024);

  /** The octets as they are. */
  setPlain(source: Buffer, start: number, end: number): void {
    this.#source = source;
    this.start = start;
    this.length = end - start;
  }

  /** Decode the octets. False if they are no Huffman string. */
  setHuffman(source: Buffer, start: number, end: number): boolean {
    const room = maxDecodedBytes(end - start);
    let target = this.#scratch;
    if (room > target.length) {
      target = Buffer.allocUnsafeSlow(room);
      if (room <= MAX_SCRATCH_BYTES) this.#scratch = target;
    }
    const length = decodeHuffman(source, start, end, target);
    this.#source = target;
    this.start = 0;
    this.length = length;
    return length >= 0;
  }

  toString(): string {
    if (this.length === 0 || this.#source === undefined) return "";
    return this.#source.toString(
      "latin1",
      this.start,
      this.start + this.length,
    );
  }

  /** Let go of the block's memory. */
  release(): void {
    this.#source = undefined;
  }
}

/** A position in a header block. */
export class HpackReader {
  position = 0;
  end = 0;
  /** The name and the value of the literal read last. */
  readonly name = new StringSpan();
  readonly value = new StringSpan();

  #bytes: Buffer = NO_BYTES;

  open(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Let go of the block's memory. */
  close(): void {
    this.#bytes = NO_BYTES;
    this.name.release();
    this.value.release();
  }

  /**
   * Read an integer whose prefix is what `mask` covers. -1 if the block ends
   * within, or if it has more than four octets after the prefix.
   */
  readInteger(mask: number): number {
    if (this.position >= this.end) return -1;
    const prefix = (this.#bytes[this.position++] as number) & mask;
    if (prefix < mask) return prefix;
    let value = prefix;
    for (let shift = 0; shift <= MAX_CONTINUATION_SHIFT; shift += 7) {
      if (this.position >= this.end) return -1;
      const byte = this.#bytes[this.position++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** Find a string. False if the block ends within or it is malformed. */
  readString(span: StringSpan): boolean {
    if (this.position >= this.end) return false;
    const isHuffman = (this.#bytes[this.position] as number) >= 0x80;
    const length = this.readInteger(0x7f);
    const start = this.position;
    if (length < 0 || length > this.end - start) return false;
    this.position = start + length;
    if (isHuffman) {
      return span.setHuffman(this.#bytes, start, this.position);
    }
    span.setPlain(this.#bytes, start, this.position);
    return true;
  }
}
