// Header fields of HTTP/1.1 as header blocks, and back. What belongs to one
// HTTP/1.1 connection stays there. RFC 9110, section 7.6.1; RFC 9113, 8.2.2.

import type { IncomingMessage } from "node:http";
import { FieldKind, HeaderBlock, HeaderField } from "./header-block.ts";
import { judgeRequest, Ruling } from "./message-rules.ts";

/** Of no meaning beyond the connection they came on. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  // node:http has answered it.
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The header block of a request; undefined if HTTP/2 could not carry it: then
 * it is a bad one, whatever node:http thinks.
 */
export function toRequestBlock(
  request: IncomingMessage,
  scheme: string,
): HeaderBlock | undefined {
  const target = splitTarget(request);
  // RFC 9112, section 3.2; node:http keeps the first one and says nothing.
  const isHost = (text: string, i: number) =>
    i % 2 === 0 && text.length === 4 && text.toLowerCase() === "host";
  const hosts = request.rawHeaders.filter(isHost);
  if (target === undefined || hosts.length > 1) return undefined;
  const fields = [
    new HeaderField(":method", request.method ?? ""),
    new HeaderField(":scheme", scheme),
  ];
  if (target.authority !== undefined)
    fields.push(new HeaderField(":authority", target.authority));
  fields.push(new HeaderField(":path", target.path));
  pushFields(fields, request);
  const block = toBlock(fields);
  return judgeRequest(block) === Ruling.fine ? block : undefined;
}

/** A request's trailers; undefined if there are none that can be passed on. */
export function toTrailerBlock(
  raw: readonly string[],
): HeaderBlock | undefined {
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase() ?? "";
    const field = new HeaderField(name, raw[i + 1]?.trim() ?? "");
    if (field.validity === 0 && !CONNECTION_FIELDS.has(name))
      fields.push(field);
  }
  return fields.length === 0 ? undefined : toBlock(fields);
}

/**
 * Names and values of a response in turn, as node:http writes them. Made once
 * for each block; not to be modified. The last answer of a connection says so.
 */
export function toFieldList(block: HeaderBlock, isLast: boolean): string[] {
  const fields = block.derive(toFieldList, listFields);
  return isLast ? [...fields, "connection", "close"] : fields;
}

/** Whether a caller said that it takes trailers. RFC 9110, section 6.5.1. */
export function takesTrailers({ headers }: IncomingMessage): boolean {
  return /\btrailers\b/i.test(String(headers["te"]));
}

function listFields(block: HeaderBlock): string[] {
  const list: string[] = [];
  for (const { name, value } of block.fields)
    if (!name.startsWith(":")) list.push(name, value);
  return list;
}

/** Trailers as node:http writes them. */
export function toTrailers(block: HeaderBlock): [string, string][] {
  return block.fields.map(({ name, value }) => [name, value]);
}

/** The fields of an interim answer, as node:http wants them. */
export function toEarlyHints(block: HeaderBlock): Record<string, string> {
  const hints: Record<string, string> = {};
  for (const { name, value } of block.fields)
    if (!name.startsWith(":")) hints[name] = value;
  return hints;
}

/** RFC 9112, section 3.2: a path, an absolute URL, or "*". */
function splitTarget(
  request: IncomingMessage,
): { authority: string | undefined; path: string } | undefined {
  const path = request.url ?? "";
  const host = request.headers.host ?? "";
  // What :authority may not be is left out. Whoever needs it will miss it.
  const authority = host === "" || host.includes("@") ? undefined : host;
  if (path.startsWith("/") || path === "*") return { authority, path };
  const absolute = ABSOLUTE.exec(path);
  if (absolute === null) return undefined;
  const [, named, rest = ""] = absolute;
  // What the target names counts, and not the Host field. Section 3.2.2.
  return {
    authority: named,
    path: rest.startsWith("/") ? rest : `/${rest}`,
  };
}

const ABSOLUTE = /^https?:\/\/([^/?#]+)([/?].*)?$/i;

function pushFields(fields: HeaderField[], request: IncomingMessage): void {
  const { rawHeaders } = request;
  const named = namedByConnection(request.headers.connection);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    if (CONNECTION_FIELDS.has(name) || named.has(name)) continue;
    const field = new HeaderField(name, rawHeaders[i + 1] ?? "");
    if (field.kind !== FieldKind.te) fields.push(field);
    // Transfer codings concern the connection, trailers don't.
    else if (/\btrailers\b/i.test(field.value)) fields.push(teTrailers);
  }
}

const teTrailers = new HeaderField("te", "trailers");

const NONE: ReadonlySet<string> = new Set();

function namedByConnection(value: string | undefined): ReadonlySet<string> {
  if (value === undefined) return NONE;
  const names = value.split(",").map((name) => name.trim().toLowerCase());
  // "connection: te" comes with "te: trailers", which we pass on.
  return new Set(names.filter((name) => name !== "te"));
}

function toBlock(fields: readonly HeaderField[]): HeaderBlock {
  let size = 0;
  for (const field of fields) size += field.size;
  return new HeaderBlock(fields, size);
}
