// One header field, and what RFC 9113 has to say about it.
//
// A field is made once and shared: the static table, dynamic tables and header
// blocks hold the same object. What costs a look at each character (is the
// name legal, is the value?) is therefore done once, here, and kept as small
// integers; checking a block is then a loop of integer tests.

/** Why a field is malformed: bits of `HeaderField.validity`. */
export const FieldFault = {
  /** Empty name, or a character that RFC 9113, 8.2.1 forbids. */
  name: 1,
  /** An upper case letter in the name. RFC 9113, 8.2.1. */
  upperCaseName: 2,
  /**
   * A control character other than tab in the value, or what is no octet. RFC
   * 9110, 5.5; RFC 9113, 8.2.1.
   */
  value: 4,
  /** A space or tab at either end of the value. RFC 9113, 8.2.1. */
  paddedValue: 8,
  /** Belongs to HTTP/1.1 connections only. RFC 9113, 8.2.2. */
  connectionSpecific: 16,
  /** `te` with anything but "trailers". RFC 9113, 8.2.2. */
  te: 32,
} as const;

/**
 * Names that the rules for messages ask about: values of `HeaderField.kind`.
 * Pseudo-headers are those from `method` to `unknownPseudo`.
 */
export const FieldKind = {
  regular: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  protocol: 5,
  status: 6,
  unknownPseudo: 7,
  contentLength: 8,
  te: 9,
  host: 10,
  cookie: 11,
  expect: 12,
} as const;

/** What a field costs beyond its characters. RFC 7541, 4.1. */
export const FIELD_OVERHEAD_BYTES = 32;

/**
 * A header field. Both strings have one character per octet (latin1).
 */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** Its sender asked every hop not to index it. RFC 7541, 6.2.3. */
  readonly neverIndexed: boolean;
  /** Size as HPACK tables and header list limits count it. RFC 7541, 4.1. */
  readonly size: number;
  /** 0 if well-formed, else bits of FieldFault. */
  readonly validity: number;
  /** One of FieldKind. */
  readonly kind: number;
  /**
   * Position in the static table, 0 if it isn't there, -1 if nobody has
   * looked yet. Written by the HPACK encoder.
   *
   * @internal
   */
  staticIndex = -1;
  /**
   * The entry by which an HPACK encoder last sent this field: saves it the
   * look-up by name and value. A hint; it may belong to another encoder.
   *
   * @internal
   */
  encoderEntry: EncoderEntry | undefined = undefined;

  /**
   * `traits` is what nameTraits(name) gives, for callers who know it.
   */
  constructor(
    name: string,
    value: string,
    neverIndexed = false,
    traits: number = nameTraits(name),
  ) {
    this.name = name;
    this.value = value;
    this.neverIndexed = neverIndexed;
    this.size = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.kind = traits & KIND_MASK;
    this.validity = (traits >> FAULT_SHIFT) | valueFaults(this.kind, value);
  }
}

/**
 * A dynamic table entry of an HPACK encoder. `owner` numbers the encoder, so
 * that a field which outlives a connection doesn't keep its encoder alive.
 *
 * @internal
 */
export interface EncoderEntry {
  readonly owner: number;
  /** The how manieth insertion it was; tells the index and whether it lives. */
  readonly sequence: number;
  readonly value: string;
}

const KIND_MASK = 0xff;
const FAULT_SHIFT = 8;

const CONNECTION_SPECIFIC = FieldFault.connectionSpecific << FAULT_SHIFT;

const KNOWN_TRAITS: ReadonlyMap<string, number> = new Map([
  [":method", FieldKind.method],
  [":scheme", FieldKind.scheme],
  [":authority", FieldKind.authority],
  [":path", FieldKind.path],
  [":protocol", FieldKind.protocol],
  [":status", FieldKind.status],
  ["content-length", FieldKind.contentLength],
  ["te", FieldKind.te],
  ["host", FieldKind.host],
  ["cookie", FieldKind.cookie],
  ["expect", FieldKind.expect],
  ["connection", CONNECTION_SPECIFIC],
  ["keep-alive", CONNECTION_SPECIFIC],
  ["proxy-connection", CONNECTION_SPECIFIC],
  ["transfer-encoding", CONNECTION_SPECIFIC],
  ["upgrade", CONNECTION_SPECIFIC],
]);

const COLON = 0x3a;

/** What is wrong with a character of a name, by its code: 0 is fine. */
const NAME_CHARACTER_FAULTS = createNameCharacterFaults();

function createNameCharacterFaults(): Uint8Array {
  const faults = new Uint8Array(256).fill(FieldFault.name);
  // RFC 9110, 5.6.2: what a token may be. HTTP/1.1 could carry nothing else.
  for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    faults[character.charCodeAt(0)] = 0;
  faults.fill(FieldFault.upperCaseName, 0x41, 0x5b);
  return faults;
}

/**
 * All that follows from a field's name alone, packed into one integer.
 *
 * @internal
 */
export function nameTraits(name: string): number {
  const known = KNOWN_TRAITS.get(name);
  if (known !== undefined) return known;
  const isPseudo = name.charCodeAt(0) === COLON;
  const start = isPseudo ? 1 : 0;
  let faults: number = name.length === start ? FieldFault.name : 0;
  for (let i = start; i < name.length; i++) {
    faults |= NAME_CHARACTER_FAULTS[name.charCodeAt(i)] ?? FieldFault.name;
  }
  const kind = isPseudo ? FieldKind.unknownPseudo : FieldKind.regular;
  return kind | (faults << FAULT_SHIFT);
}

/**
 * The traits of a field's name, without a look at the name.
 *
 * @internal
 */
export function traitsOf(field: HeaderField): number {
  const nameFaults =
    FieldFault.name | FieldFault.upperCaseName | FieldFault.connectionSpecific;
  return field.kind | ((field.validity & nameFaults) << FAULT_SHIFT);
}

function valueFaults(kind: number, value: string): number {
  const length = value.length;
  let faults = 0;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    // Not only NUL, LF and CR: what HTTP/1.1 can't carry, a gateway can't pass.
    if (code < 0x20 ? code !== 0x09 : code === 0x7f || code > 0xff)
      faults = FieldFault.value;
  }
  if (length > 0 && (isBlank(value, 0) || isBlank(value, length - 1))) {
    faults |= FieldFault.paddedValue;
  }
  if (kind === FieldKind.te && value !== "trailers") {
    if (value.toLowerCase() !== "trailers") faults |= FieldFault.te;
  }
  return faults;
}

function isBlank(value: string, at: number): boolean {
  const code = value.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
