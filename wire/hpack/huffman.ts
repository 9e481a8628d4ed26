// Huffman coding of strings. RFC 7541, 5.2.
//
// Decoding is a state machine that takes four bits at a time: a state is a
// node of the code's tree, and since no code is shorter than five bits a step
// completes one symbol at most. The table is made at module load.

import { codeLengths, codes, END_OF_STRING } from "./huffman-codes.ts";

// A step: the next state in the lowest 8 bits, then the symbol, then flags.
const SYMBOL_SHIFT = 8;
const EMITS = 1 << 16;
const FAILS = 1 << 17;

// The tree has 257 leaves, hence 256 inner nodes; the root is state 0.
const STATES = 256;

/** Steps by state and nibble: table[state * 16 + nibble]. */
const steps = new Int32Array(STATES * 16);
/** 1 where a string may end: at most seven bits into the code, all ones. */
const mayEnd = new Uint8Array(STATES);

/** Inner nodes: two children each; a leaf is -1 - symbol. */
type Tree = number[];

function createTree(): Tree {
  const tree: Tree = [0, 0];
  for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
    const code = codes[symbol] as number;
    let node = 0;
    for (let bit = (codeLengths[symbol] as number) - 1; bit > 0; bit--) {
      const at = node * 2 + ((code >>> bit) & 1);
      if (tree[at] === 0) {
        tree[at] = tree.length / 2;
        tree.push(0, 0);
      }
      node = tree[at] as number;
    }
    tree[node * 2 + (code & 1)] = -1 - symbol;
  }
  return tree;
}

function createStep(tree: Tree, state: number, nibble: number): number {
  let node = state;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = tree[node * 2 + ((nibble >> bit) & 1)] as number;
    if (next >= 0) {
      node = next;
      continue;
    }
    const symbol = -1 - next;
    if (symbol === END_OF_STRING) return FAILS;
    emitted = EMITS | (symbol << SYMBOL_SHIFT);
    node = 0;
  }
  return node | emitted;
}

function fillTables(): void {
  const tree = createTree();
  for (let state = 0; state < STATES; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      steps[state * 16 + nibble] = createStep(tree, state, nibble);
    }
  }
  for (let node = 0, depth = 0; depth <= 7; depth++) {
    mayEnd[node] = 1;
    node = tree[node * 2 + 1] as number;
  }
}

fillTables();

/** How many bytes decoding `length` bytes can give at most. */
export function maxDecodedBytes(length: number): number {
  return Math.floor((length * 8) / 5);
}

/**
 * Decode source[start, end) into `target`, which must have room for
 * maxDecodedBytes(). Returns how many bytes it wrote, -1 if it is no Huffman
 * string: end-of-string inside, or padding longer than seven bits or not all
 * ones.
 */
export function decodeHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let state = 0;
  let written = 0;
  for (let i = start; i < end; i++) {
    const byte = source[i] as number;
    const high = steps[(state << 4) | (byte >> 4)] as number;
    if (high >= EMITS) {
      if (high >= FAILS) return -1;
      target[written++] = high >> SYMBOL_SHIFT;
    }
    const low = steps[((high & 0xff) << 4) | (byte & 0xf)] as number;
    if (low >= EMITS) {
      if (low >= FAILS) return -1;
      target[written++] = low >> SYMBOL_SHIFT;
    }
    state = low & 0xff;
  }
  return mayEnd[state] === 1 ? written : -1;
}

/** How many bytes encodeHuffman() would write. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    bits += codeLengths[text.charCodeAt(i) & 0xff] as number;
  }
  return (bits + 7) >>> 3;
}

/** Encode into `target` at `at`. Returns where it ends. */
export function encodeHuffman(
  text: string,
  target: Uint8Array,
  at: number,
): number {
  let position = at;
  // Bits not written yet: fewer than eight of them between symbols, and the
  // longest code has 28, so they fit in 32 bits with room for one more.
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const length = codeLengths[symbol] as number;
    let code = codes[symbol] as number;
    let rest = length;
    // Long codes in two parts, or they would overflow what is pending.
    if (rest > 16) {
      rest -= 16;
      pending = (pending << rest) | (code >>> 16);
      pendingBits += rest;
      while (pendingBits >= 8) {
        pendingBits -= 8;
        target[position++] = pending >>> pendingBits;
      }
      code &= 0xffff;
      rest = 16;
    }
    pending = (pending << rest) | code;
    pendingBits += rest;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      target[position++] = pending >>> pendingBits;
    }
  }
  if (pendingBits > 0) {
    const padding = 8 - pendingBits;
    target[position++] = (pending << padding) | ((1 << padding) - 1);
  }
  return position;
}
