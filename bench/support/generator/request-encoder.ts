// HPACK for the generator's requests: one header that is different in each
// call, and that goes into the table all the same, as gRPC clients do with
// "grpc-timeout". RFC 7541.
//
// On purpose not the engine's own encoder: who is measured must not have
// written the load. It knows nothing but these requests.

const TABLE_BYTES = 4_096;
const STATIC_ENTRIES = 61;
const ENTRY_OVERHEAD_BYTES = 32;

interface Field {
  /** Of the static table, or 0. */
  readonly nameIndex: number;
  readonly name: string;
  readonly value: string;
  /** The count of insertions before its own; -1 before the first. */
  insertion: number;
}

/** The header that is different in each call. */
const CHANGING = "x-request";

/** Encodes the header blocks of one connection's requests. */
export class RequestEncoder {
  readonly #fields: readonly Field[];
  readonly #changing: boolean;
  /** The sizes of all entries that are in the table, the oldest first. */
  readonly #sizes: number[] = [];
  #tableBytes = 0;
  #inserted = 0;
  #changingInsertion = -1;
  #target: Buffer = Buffer.alloc(0);
  #at = 0;

  /** With `changing` off, each request has the same header block. */
  constructor(authority: string, path: string, changing: boolean) {
    this.#changing = changing;
    this.#fields = [
      createField(4, ":path", path),
      createField(1, ":authority", authority),
      createField(31, "content-type", "application/grpc"),
      createField(0, "te", "trailers"),
      createField(58, "user-agent", "portolan-bench"),
    ];
  }

  /** Write the header block of call `number`. Returns where it ends. */
  encode(number: number, target: Buffer, start: number): number {
    this.#target = target;
    this.#at = start;
    this.#target[this.#at++] = 0x83; // :method: POST
    this.#target[this.#at++] = 0x86; // :scheme: http
    for (const field of this.#fields) this.#writeField(field);
    if (this.#changing) this.#writeChanging(String(number));
    return this.#at;
  }

  #writeField(field: Field): void {
    if (this.#has(field.insertion)) {
      this.#writeInteger(0x80, 7, this.#indexOf(field.insertion));
      return;
    }
    this.#writeInteger(0x40, 6, field.nameIndex);
    if (field.nameIndex === 0) this.#writeText(field.name);
    this.#writeText(field.value);
    field.insertion = this.#insert(field.name.length + field.value.length);
  }

  #writeChanging(value: string): void {
    const known = this.#has(this.#changingInsertion);
    const index = known ? this.#indexOf(this.#changingInsertion) : 0;
    this.#writeInteger(0x40, 6, index);
    if (!known) this.#writeText(CHANGING);
    this.#writeDigits(value);
    this.#changingInsertion = this.#insert(CHANGING.length + value.length);
  }

  #has(insertion: number): boolean {
    return insertion !== -1 && this.#inserted - insertion <= this.#sizes.length;
  }

  #indexOf(insertion: number): number {
    return STATIC_ENTRIES + this.#inserted - insertion;
  }

  #insert(bytes: number): number {
    const size = bytes + ENTRY_OVERHEAD_BYTES;
    while (this.#tableBytes + size > TABLE_BYTES) {
      this.#tableBytes -= this.#sizes.shift() ?? 0;
    }
    this.#sizes.push(size);
    this.#tableBytes += size;
    return this.#inserted++;
  }

  #writeInteger(pattern: number, prefixBits: number, value: number): void {
    const most = (1 << prefixBits) - 1;
    if (value < most) {
      this.#target[this.#at++] = pattern | value;
      return;
    }
    this.#target[this.#at++] = pattern | most;
    let rest = value - most;
    for (; rest > 0x7f; rest >>>= 7) {
      this.#target[this.#at++] = (rest & 0x7f) | 0x80;
    }
    this.#target[this.#at++] = rest;
  }

  #writeText(text: string): void {
    this.#writeInteger(0, 7, text.length);
    this.#at += this.#target.write(text, this.#at, "latin1");
  }

  /** With the Huffman code, which is shorter for digits. */
  #writeDigits(digits: string): void {
    const lengthAt = this.#at++;
    let bits = 0;
    let pending = 0;
    for (let i = 0; i < digits.length; i++) {
      const digit = digits.charCodeAt(i) - 0x30;
      // 0 to 2 have the five-bit codes 0 to 2, the others six bits from 0x19.
      const length = digit < 3 ? 5 : 6;
      pending = (pending << length) | (digit < 3 ? digit : digit + 0x16);
      bits += length;
      for (; bits >= 8; bits -= 8) {
        this.#target[this.#at++] = (pending >>> (bits - 8)) & 0xff;
      }
    }
    if (bits > 0) {
      const filled = (pending << (8 - bits)) | (0xff >>> bits);
      this.#target[this.#at++] = filled & 0xff;
    }
    this.#target[lengthAt] = 0x80 | (this.#at - lengthAt - 1);
  }
}

function createField(nameIndex: number, name: string, value: string): Field {
  return { nameIndex, name, value, insertion: -1 };
}
