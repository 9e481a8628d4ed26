// Writes HPACK strings in the Huffman code, as far as the characters that have
// short codes go: enough for what a random peer says. RFC 7541, appendix B.

import { integer } from "../../support/raw-http2/hpack.ts";

/** Characters of one length, in the order of their codes. */
const CODES = new Map<string, readonly [code: number, bits: number]>([
  ...assign("012aceiost", 0x00, 5),
  ...assign(" %-./3456789=A_bdfghlmnpru", 0x14, 6),
  ...assign(":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz", 0x5c, 7),
]);

/** A string literal: in the Huffman code, or as it is if that can't be. */
export function stringLiteral(text: string): Buffer {
  const bytes: number[] = [];
  // Bits that don't fill a byte yet, behind a 1.
  let pending = 1;
  for (const char of text) {
    const found = CODES.get(char);
    if (found === undefined) return plainLiteral(text);
    const [code, bits] = found;
    for (let bit = bits - 1; bit >= 0; bit--) {
      pending = pending * 2 + ((code >> bit) & 1);
      if (pending < 0x100) continue;
      bytes.push(pending & 0xff);
      pending = 1;
    }
  }
  while (pending > 1 && pending < 0x100) pending = pending * 2 + 1;
  if (pending > 1) bytes.push(pending & 0xff);
  return Buffer.concat([integer(bytes.length, 7, 0x80), Buffer.from(bytes)]);
}

function plainLiteral(text: string): Buffer {
  return Buffer.concat([
    integer(text.length, 7, 0),
    Buffer.from(text, "latin1"),
  ]);
}

function assign(chars: string, first: number, bits: number) {
  return [...chars].map((char, i) => [char, [first + i, bits]] as const);
}
