// How the fields of a header block are written: which of them are table
// entries, which are literals, and which literals nobody may index. RFC 7541,
// section 6.

/** The representations of header fields. */
export type Representation = "indexed" | "incremental" | "without" | "never";

/** The representations in a block, in their order. */
export function representationsIn(block: Buffer): Representation[] {
  const found: Representation[] = [];
  let at = 0;
  const integer = (prefixBits: number): number => {
    const limit = (1 << prefixBits) - 1;
    let value = block.readUInt8(at++) & limit;
    if (value < limit) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = block.readUInt8(at++);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skipText = () => {
    const length = integer(7);
    at += length;
  };
  const skipLiteral = (prefixBits: number) => {
    if (integer(prefixBits) === 0) skipText();
    skipText();
  };
  while (at < block.length) {
    const first = block.readUInt8(at);
    if (first >= 0x80) {
      integer(7);
      found.push("indexed");
    } else if (first >= 0x40) {
      skipLiteral(6);
      found.push("incremental");
    } else if (first >= 0x20) {
      integer(5);
    } else {
      skipLiteral(4);
      found.push(first >= 0x10 ? "never" : "without");
    }
  }
  return found;
}
