// Reads HTTP/1.1 responses out of the bytes of a connection. RFC 9112.

import type { Field } from "../../support/raw-http2/hpack.ts";
import type { Outcome } from "./request.ts";

/** A response, or as much of it as came. */
export interface Parsed {
  readonly outcome: Outcome;
  readonly isWhole: boolean;
  /** Where the next one begins. */
  readonly next: number;
}

/**
 * Read responses, of which the last one need not be whole. `methods` are those
 * of the requests, `isOver` says that no more bytes come.
 */
export function parseResponses(
  bytes: Buffer,
  methods: readonly string[],
  isOver: boolean,
): Parsed[] {
  const found: Parsed[] = [];
  let at = 0;
  for (const method of methods) {
    let parsed = parse(bytes, at, method, isOver);
    // An interim answer comes before another one to the same request.
    while (parsed?.isWhole && parsed.outcome.status < 200)
      parsed = parse(bytes, parsed.next, method, isOver);
    if (parsed === undefined) break;
    found.push(parsed);
    if (!parsed.isWhole) break;
    at = parsed.next;
  }
  return found;
}

function parse(
  bytes: Buffer,
  start: number,
  method: string,
  isOver: boolean,
): Parsed | undefined {
  const end = bytes.indexOf("\r\n\r\n", start);
  if (end < 0) return undefined;
  const [line = "", ...lines] = bytes
    .toString("latin1", start, end)
    .split("\r\n");
  const status = Number(line.split(" ")[1]);
  const fields = lines.map(toField);
  const at = end + 4;
  const body = bodyAt(bytes, at, { status, fields, method, isOver });
  const { content, trailers = [], isWhole, next } = body;
  const outcome = {
    ...{ status, fields, trailers, body: content },
    end: isWhole ? body.end : isOver ? "cut off" : "under way",
  };
  return { outcome, isWhole, next };
}

interface Body {
  readonly content: Buffer;
  readonly trailers?: readonly Field[];
  readonly isWhole: boolean;
  readonly next: number;
  readonly end: string;
}

interface Head {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly method: string;
  readonly isOver: boolean;
}

function bodyAt(bytes: Buffer, at: number, head: Head): Body {
  const { status, fields, method, isOver } = head;
  const value = (of: string) => fields.find(([name]) => name === of)?.[1];
  if (method === "HEAD" || status === 204 || status === 304 || status < 200) {
    const content = Buffer.alloc(0);
    return { content, isWhole: true, next: at, end: "headers" };
  }
  if (value("transfer-encoding") === "chunked") return chunksAt(bytes, at);
  const length = value("content-length");
  if (length === undefined) {
    const content = bytes.subarray(at);
    return { content, isWhole: isOver, next: bytes.length, end: "close" };
  }
  const next = at + Number(length);
  const isWhole = next <= bytes.length;
  return { content: bytes.subarray(at, next), isWhole, next, end: "length" };
}

function chunksAt(bytes: Buffer, start: number): Body {
  const chunks: Buffer[] = [];
  let at = start;
  const end = "chunks";
  const soFar = (): Body => ({
    ...{ content: Buffer.concat(chunks), isWhole: false, next: at, end },
  });
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return soFar();
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) break;
    const from = line + 2;
    if (bytes.length < from + size + 2) return soFar();
    chunks.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
  const from = bytes.indexOf("\r\n", at) + 2;
  const isEmpty = bytes.toString("latin1", from, from + 2) === "\r\n";
  const to = isEmpty ? from : bytes.indexOf("\r\n\r\n", from);
  if (to < 0 || bytes.length < from + 2) return soFar();
  const lines = isEmpty ? [] : bytes.toString("latin1", from, to).split("\r\n");
  const content = Buffer.concat(chunks);
  const next = isEmpty ? to + 2 : to + 4;
  return { content, trailers: lines.map(toField), isWhole: true, next, end };
}

function toField(line: string): Field {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
