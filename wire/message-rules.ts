// Which header blocks are well-formed messages. RFC 9113, sections 8.1 to 8.3.
//
// What a single field may be is known to the field; here is what may stand
// together. Judged once per block: the same bytes are the same block.

import { FieldKind, type HeaderBlock } from "./header-block.ts";

export const Ruling = {
  fine: 0,
  /** A stream error of type PROTOCOL_ERROR. */
  malformed: 1,
  /** Well-formed, but not to be passed on: 400. */
  badRequest: 2,
} as const;

/** What a block is judged as; kept in the block's `ruling` with the result. */
const AS_REQUEST = 0;
const AS_RESPONSE = 4;
const AS_TRAILERS = 8;
const ROLE = 12;
const RESULT = 3;

/** Judge a request's header block. */
export function judgeRequest(block: HeaderBlock): number {
  return judge(block, AS_REQUEST, ruleRequest);
}

/** Judge a response's header block, interim ones too. */
export function judgeResponse(block: HeaderBlock): number {
  return judge(block, AS_RESPONSE, ruleResponse);
}

/** Judge trailers. */
export function judgeTrailers(block: HeaderBlock): number {
  return judge(block, AS_TRAILERS, ruleTrailers);
}

function judge(
  block: HeaderBlock,
  role: number,
  rule: (block: HeaderBlock) => number,
): number {
  if (block.ruling >= 0 && (block.ruling & ROLE) === role)
    return block.ruling & RESULT;
  const result = rule(block);
  block.ruling = role | result;
  return result;
}

function ruleRequest(block: HeaderBlock): number {
  const seen = readKinds(block);
  if (seen < 0 || has(seen, FieldKind.status)) return Ruling.malformed;
  if (has(seen, FieldKind.protocol) || block.contentLength === -2)
    return Ruling.malformed;
  const { method = "", path = "", authority = "" } = block;
  if (!TOKEN.test(method)) return Ruling.malformed;
  if (method === "CONNECT") {
    const isShaped =
      !has(seen, FieldKind.scheme) &&
      !has(seen, FieldKind.path) &&
      authority !== "";
    return isShaped ? Ruling.fine : Ruling.malformed;
  }
  if ((block.scheme ?? "") === "") return Ruling.malformed;
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS"))
    return Ruling.malformed;
  if (NO_PATH.test(path) || authority.includes("@")) return Ruling.badRequest;
  return has(seen, FieldKind.host) ? ruleHost(block) : Ruling.fine;
}

/** Section 8.3.1: the two must not name different things, nor twice. */
function ruleHost(block: HeaderBlock): number {
  const hosts = block.fields.filter(({ kind }) => kind === FieldKind.host);
  const host = hosts[0]?.value.toLowerCase() ?? "";
  if (hosts.length > 1 || host.includes("@")) return Ruling.badRequest;
  const { authority } = block;
  return authority === undefined || authority.toLowerCase() === host
    ? Ruling.fine
    : Ruling.badRequest;
}

function ruleResponse(block: HeaderBlock): number {
  const seen = readKinds(block);
  if (seen < 0 || (seen & PSEUDO) !== 1 << FieldKind.status)
    return Ruling.malformed;
  // 101 has no meaning here. Section 8.6.
  if (block.status === 0 || block.status === 101) return Ruling.malformed;
  return block.contentLength === -2 ? Ruling.malformed : Ruling.fine;
}

function ruleTrailers(block: HeaderBlock): number {
  const seen = readKinds(block);
  return seen < 0 || (seen & PSEUDO) !== 0 ? Ruling.malformed : Ruling.fine;
}

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/** A fragment, or what would end a request line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for.
const NO_PATH = /[#\x00-\x20\x7f]/;

/** Bits of all pseudo-headers. */
const PSEUDO =
  (1 << FieldKind.method) |
  (1 << FieldKind.scheme) |
  (1 << FieldKind.authority) |
  (1 << FieldKind.path) |
  (1 << FieldKind.protocol) |
  (1 << FieldKind.status) |
  (1 << FieldKind.unknownPseudo);

function has(seen: number, kind: number): boolean {
  return (seen & (1 << kind)) !== 0;
}

/**
 * Which kinds of fields there are, as bits. -1 if a field is malformed, or a
 * pseudo-header is unknown, repeated, or after a regular field.
 */
function readKinds(block: HeaderBlock): number {
  let seen = 0;
  let isRegular = false;
  for (const field of block.fields) {
    if (field.validity !== 0) return -1;
    const bit = 1 << field.kind;
    if ((bit & PSEUDO) === 0) {
      isRegular = true;
    } else if (
      isRegular ||
      (seen & bit) !== 0 ||
      field.kind === FieldKind.unknownPseudo
    ) {
      return -1;
    }
    seen |= bit;
  }
  return seen;
}
