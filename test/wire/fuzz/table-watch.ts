// Whether an HPACK encoder keeps its table within what its peer allows, and
// says so: a table that must shrink has to be announced as shrunk at the start
// of the next header block, even if it may have grown again meanwhile. RFC
// 7541, section 4.2.

const DEFAULT_TABLE_BYTES = 4_096;

/** Watches one encoder from outside. */
export class TableWatch {
  readonly #fault: (message: string) => void;
  /** The encoder's table. */
  #bytes = DEFAULT_TABLE_BYTES;
  #allowedBytes = DEFAULT_TABLE_BYTES;
  /** The least that was allowed since the last header block. */
  #leastBytes = Number.POSITIVE_INFINITY;

  constructor(fault: (message: string) => void) {
    this.#fault = fault;
  }

  /** The encoder has acknowledged a SETTINGS_HEADER_TABLE_SIZE. */
  allow(bytes: number) {
    this.#allowedBytes = bytes;
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
  }

  /** It has sent a header block. */
  onBlock(block: Buffer) {
    let least = this.#bytes;
    let at = 0;
    while (((block[at] ?? 0) & 0xe0) === 0x20) {
      let bytes = (block[at++] ?? 0) & 0x1f;
      let isLast = bytes < 0x1f;
      for (let factor = 1; !isLast; factor *= 128) {
        const byte = block[at++] ?? 0;
        bytes += (byte & 0x7f) * factor;
        isLast = byte < 0x80;
      }
      this.#bytes = bytes;
      least = Math.min(least, bytes);
    }
    if (this.#bytes > this.#allowedBytes)
      this.#fault(`a table of ${this.#bytes}, not ${this.#allowedBytes}`);
    if (least > this.#leastBytes)
      this.#fault(`a table that shrank to ${least}, not ${this.#leastBytes}`);
    this.#leastBytes = Number.POSITIVE_INFINITY;
  }
}
