// A header block decoder for tests: RFC 7541 as it is written, one field after
// the other, without any limit or shortcut. It is only shown what a server or a
// client under test has sent.

import type { Field } from "./hpack.ts";
import { decodeHuffman } from "./huffman.ts";

/** RFC 7541, appendix A: "name" or "name=value", from index 1. */
const STATIC_TABLE: readonly Field[] = `
:authority
:method=GET
:method=POST
:path=/
:path=/index.html
:scheme=http
:scheme=https
:status=200
:status=204
:status=206
:status=304
:status=400
:status=404
:status=500
accept-charset
accept-encoding=gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`
  .trim()
  .split("\n")
  .map((line) => {
    const [name = "", value = ""] = line.split("=");
    return [name, value];
  });

const ENTRY_OVERHEAD_BYTES = 32;

/** Decodes the blocks of one direction of one connection, in their order. */
export class HpackReader {
  #table: Field[] = [];
  #maxTableBytes = 4096;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Decode a complete block. Throws an Error on a bad one. */
  decode(block: Buffer): Field[] {
    this.#bytes = block;
    this.#at = 0;
    const fields: Field[] = [];
    while (this.#at < block.length) {
      const first = block.readUInt8(this.#at);
      if (first >= 0x80) {
        fields.push(this.#entry(this.#integer(7)));
      } else if (first >= 0x40) {
        const field = this.#literal(6);
        fields.push(field);
        this.#table.unshift(field);
        this.#evict();
      } else if (first >= 0x20) {
        this.#maxTableBytes = this.#integer(5);
        this.#evict();
      } else {
        fields.push(this.#literal(4));
      }
    }
    return fields;
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#text() : this.#entry(index)[0];
    return [name, this.#text()];
  }

  #entry(index: number): Field {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table[index - STATIC_TABLE.length - 1];
    if (field === undefined) throw new Error(`HPACK: no entry ${index}`);
    return field;
  }

  #integer(prefixBits: number): number {
    const limit = (1 << prefixBits) - 1;
    let value = this.#byte() & limit;
    if (value < limit) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  #text(): string {
    const isHuffman = this.#bytes.readUInt8(this.#at) >= 0x80;
    const length = this.#integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Error("HPACK: the block is cut off");
    this.#at += length;
    return isHuffman ? decodeHuffman(bytes) : bytes.toString("latin1");
  }

  #byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  #evict(): void {
    const size = ([name, value]: Field) =>
      name.length + value.length + ENTRY_OVERHEAD_BYTES;
    let bytes = this.#table.reduce((sum, field) => sum + size(field), 0);
    while (bytes > this.#maxTableBytes) {
      const last = this.#table.pop();
      bytes -= last === undefined ? bytes : size(last);
    }
  }
}
