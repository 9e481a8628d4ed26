// Integers and strings as RFC 7541, 5 represents them: how to write them.
// Reading is reader.ts.

import { encodeHuffman, huffmanLength } from "./huffman.ts";

// Above this, one native call beats a loop over the characters.
const LOOP_LIMIT = 64;

/**
 * Write an integer with a prefix of so many bits; `flags` are the bits above
 * the prefix. Returns where it ends.
 */
export function writeInteger(
  target: Buffer,
  at: number,
  flags: number,
  prefixBits: number,
  value: number,
): number {
  const limit = (1 << prefixBits) - 1;
  if (value < limit) {
    target[at] = flags | value;
    return at + 1;
  }
  target[at] = flags | limit;
  let position = at + 1;
  let rest = value - limit;
  while (rest >= 0x80) {
    target[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[position++] = rest;
  return position;
}

/** Write a string, Huffman coded if that is shorter. Returns where it ends. */
export function writeString(target: Buffer, at: number, text: string): number {
  const length = text.length;
  const coded = huffmanLength(text);
  if (coded < length) {
    const start = writeInteger(target, at, 0x80, 7, coded);
    return encodeHuffman(text, target, start);
  }
  const start = writeInteger(target, at, 0, 7, length);
  if (length > LOOP_LIMIT) {
    target.write(text, start, length, "latin1");
  } else {
    for (let i = 0; i < length; i++) target[start + i] = text.charCodeAt(i);
  }
  return start + length;
}
