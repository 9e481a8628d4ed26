// The decoded header fields of one message, in the order of the wire.
//
// A decoder gives the same object again for the same bytes, and an encoder
// remembers the bytes it made of an object. So whatever is derived from a
// block may hang off its identity: that is why blocks are never modified, and
// why there is no way to add a field to one.

import { FieldKind, HeaderField } from "./hpack/header-field.ts";

export { FieldFault, FieldKind, HeaderField } from "./hpack/header-field.ts";

/** One of the things that were derived from a block. */
interface Derivation {
  readonly key: object;
  readonly value: unknown;
  readonly next: Derivation | undefined;
}

/**
 * A list of header fields. Make one with createHeaderBlock().
 */
export class HeaderBlock {
  /** The fields in the order of the wire; not to be modified. */
  readonly fields: readonly HeaderField[];
  /** Sum of the fields' sizes: what header list limits count. */
  readonly size: number;
  /** For the owner of the connection: what it derived from this block. */
  derived: unknown = undefined;
  #derivations: Derivation | undefined = undefined;
  /**
   * What the rules for messages say of it, once they were asked.
   *
   * @internal
   */
  ruling = -1;

  #summarised = false;
  #methodValue: string | undefined = undefined;
  #schemeValue: string | undefined = undefined;
  #authorityValue: string | undefined = undefined;
  #pathValue: string | undefined = undefined;
  #statusCode = 0;
  #contentLengthBytes = -1;
  #expectsContinueValue = false;

  constructor(fields: readonly HeaderField[], size: number) {
    this.fields = fields;
    this.size = size;
  }

  /**
   * What `make` makes of this block, made once for each `key`. For those who
   * know a block, but don't own its connection.
   */
  derive<T>(key: object, make: (block: HeaderBlock) => T): T {
    for (let it = this.#derivations; it !== undefined; it = it.next)
      if (it.key === key) return it.value as T;
    const value = make(this);
    this.#derivations = { key, value, next: this.#derivations };
    return value;
  }

  /** The first value of that name, in lower case; pseudo-headers too. */
  get(name: string): string | undefined {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as HeaderField;
      if (field.name === name) return field.value;
    }
    return undefined;
  }

  /** The value of `:method`. Of pseudo-headers that repeat, the first counts. */
  get method(): string | undefined {
    if (!this.#summarised) this.#summarise();
    return this.#methodValue;
  }

  get scheme(): string | undefined {
    if (!this.#summarised) this.#summarise();
    return this.#schemeValue;
  }

  get authority(): string | undefined {
    if (!this.#summarised) this.#summarise();
    return this.#authorityValue;
  }

  get path(): string | undefined {
    if (!this.#summarised) this.#summarise();
    return this.#pathValue;
  }

  /** The value of `:status`; 0 if there is none, or none of three digits. */
  get status(): number {
    if (!this.#summarised) this.#summarise();
    return this.#statusCode;
  }

  /**
   * The value of `content-length`; -1 if there is none, -2 if it is no number
   * of bytes or if there are several, even if they agree.
   */
  get contentLength(): number {
    if (!this.#summarised) this.#summarise();
    return this.#contentLengthBytes;
  }

  /** Whether the sender waits for a 100 before its body. RFC 9110, 10.1.1. */
  get expectsContinue(): boolean {
    if (!this.#summarised) this.#summarise();
    return this.#expectsContinueValue;
  }

  #summarise(): void {
    this.#summarised = true;
    const fields = this.fields;
    // Backwards, so that the first of several has the last word.
    for (let i = fields.length - 1; i >= 0; i--) {
      const field = fields[i] as HeaderField;
      switch (field.kind) {
        case FieldKind.regular:
          break;
        case FieldKind.method:
          this.#methodValue = field.value;
          break;
        case FieldKind.scheme:
          this.#schemeValue = field.value;
          break;
        case FieldKind.authority:
          this.#authorityValue = field.value;
          break;
        case FieldKind.path:
          this.#pathValue = field.value;
          break;
        case FieldKind.status:
          this.#statusCode = parseStatus(field.value);
          break;
        case FieldKind.contentLength:
          this.#contentLengthBytes =
            this.#contentLengthBytes === -1
              ? parseContentLength(field.value)
              : -2;
          break;
        case FieldKind.expect:
          this.#expectsContinueValue =
            field.value.toLowerCase() === "100-continue";
          break;
      }
    }
  }
}

/**
 * Create a block of our own, from pairs with names in lower case or from
 * fields that exist.
 *
 * Throws TypeError on a field that RFC 9113, 8.2 doesn't allow: better here
 * than as a protocol error at the peer.
 */
export function createHeaderBlock(
  fields: Iterable<readonly [name: string, value: string] | HeaderField>,
): HeaderBlock {
  const list: HeaderField[] = [];
  let size = 0;
  for (const given of fields) {
    const field =
      given instanceof HeaderField
        ? given
        : new HeaderField(given[0], given[1]);
    if (field.validity !== 0) {
      // Not the value: it may be a secret.
      const name = JSON.stringify(field.name);
      throw new TypeError(`HTTP/2 allows no such header field: ${name}`);
    }
    list.push(field);
    size += field.size;
  }
  return new HeaderBlock(list, size);
}

function parseStatus(value: string): number {
  if (value.length !== 3) return 0;
  const status = parseDigits(value);
  return status >= 100 ? status : 0;
}

function parseContentLength(value: string): number {
  // 15 digits are below 2^53, and a petabyte.
  if (value.length === 0 || value.length > 15) return -2;
  return parseDigits(value);
}

/** -2 unless there are only digits. */
function parseDigits(value: string): number {
  let number = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -2;
    number = number * 10 + digit;
  }
  return number;
}
