// A header block encoder for tests that does exactly what it is told: each
// function is one representation of RFC 7541, section 6. No Huffman code, and
// no table: who uses an index knows what is there.

/** A header field, one character per byte. */
export type Field = readonly [name: string, value: string];

/** What a literal does to the decoder's table. */
export type Indexing = "incremental" | "without" | "never";

const LITERALS = {
  incremental: { first: 0x40, prefixBits: 6 },
  without: { first: 0x00, prefixBits: 4 },
  never: { first: 0x10, prefixBits: 4 },
} as const;

/** A field whose name is spelled out. RFC 7541, section 6.2. */
export function literal(
  name: string,
  value: string,
  indexing: Indexing = "without",
): Buffer {
  const { first } = LITERALS[indexing];
  return Buffer.concat([Buffer.of(first), text(name), text(value)]);
}

/** A field whose name is that of a table entry. RFC 7541, section 6.2. */
export function literalAt(
  index: number,
  value: string,
  indexing: Indexing = "without",
): Buffer {
  const { first, prefixBits } = LITERALS[indexing];
  return Buffer.concat([integer(index, prefixBits, first), text(value)]);
}

/** A whole table entry; 62 is the newest dynamic one. RFC 7541, section 6.1. */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** A table size update. RFC 7541, section 6.3. */
export function tableSize(bytes: number): Buffer {
  return integer(bytes, 5, 0x20);
}

/** All fields as literals that leave the table alone. */
export function encodeFields(fields: Iterable<Field>): Buffer {
  return Buffer.concat(
    [...fields].map(([name, value]) => literal(name, value)),
  );
}

/** What a request may say; the rest is as a small GET has it. */
export interface RequestParts {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  /** Fields after the pseudo-headers. */
  readonly fields?: readonly Field[];
}

/** The header list of a request. */
export function requestFields(parts: RequestParts = {}): Field[] {
  const { method = "GET", path = "/ok", authority = "test", fields } = parts;
  return [
    [":method", method],
    [":scheme", "http"],
    [":authority", authority],
    [":path", path],
    ...(fields ?? []),
  ];
}

/** The header block of a request. */
export function requestBlock(parts: RequestParts = {}): Buffer {
  return encodeFields(requestFields(parts));
}

/** An integer. RFC 7541, section 5.1. */
export function integer(
  value: number,
  prefixBits: number,
  first: number,
): Buffer {
  const limit = (1 << prefixBits) - 1;
  if (value < limit) return Buffer.of(first | value);
  const bytes = [first | limit];
  let rest = value - limit;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}
