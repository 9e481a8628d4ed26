// HPACK's Huffman code, for reading what peers under test send. RFC 7541,
// appendix B. The code is canonical: the lengths of all symbols, in their
// order, define it.

/** How many bits each of the 256 bytes and the end (the last one) takes. */
const CODE_BITS = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  ...[5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  ...[6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  ...[20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  ...[21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  ...[26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  ...[19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  ...[20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  ...[26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  30,
];

const MAX_BITS = 30;

/** Symbols by "length:code". */
const SYMBOLS = buildSymbols();

/** Decode a whole string. Throws an Error if it is not one. */
export function decodeHuffman(bytes: Uint8Array): string {
  const chars: number[] = [];
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      code = code * 2 + ((byte & mask) === 0 ? 0 : 1);
      bits++;
      const symbol = SYMBOLS.get(`${bits}:${code}`);
      if (symbol === undefined && bits <= MAX_BITS) continue;
      if (symbol === undefined || symbol === 256) throw new Error("bad code");
      chars.push(symbol);
      code = 0;
      bits = 0;
    }
  }
  const isPadding = bits < 8 && code === 2 ** bits - 1;
  if (!isPadding) throw new Error("bad padding");
  return Buffer.from(chars).toString("latin1");
}

function buildSymbols(): Map<string, number> {
  const symbols = new Map<string, number>();
  let code = 0;
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    CODE_BITS.forEach((length, symbol) => {
      if (length === bits) symbols.set(`${bits}:${code++}`, symbol);
    });
    code *= 2;
  }
  return symbols;
}
