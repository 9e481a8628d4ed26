// What a request's header block says, in the forms that others want it in.

import { HeaderBlock, HeaderField } from "../wire/index.ts";

/** Stands for an authority that is none; reserved by RFC 2606. */
const NO_AUTHORITY = "invalid";

/**
 * Fields that have one value: of several, the first counts. The values of all
 * other fields are a list. RFC 9110, section 5.3.
 */
const SINGLE_VALUE_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "date",
  "from",
  "host",
  "max-forwards",
  "origin",
  "proxy-authorization",
  "referer",
  "user-agent",
]);

/** The method, path and content type of a request. */
export function headOf(headers: HeaderBlock): {
  method: string;
  /** Path and query. */
  url: string;
  contentType: string | undefined;
} {
  return {
    method: headers.method ?? "",
    url: headers.path ?? "",
    contentType: headers.get("content-type"),
  };
}

/** The path of a request, without its query. */
export function pathOf(headers: HeaderBlock): string {
  const path = headers.path ?? "";
  const end = path.indexOf("?");
  return end < 0 ? path : path.slice(0, end);
}

/** The same header fields with another path. */
export function withPath(headers: HeaderBlock, path: string): HeaderBlock {
  let size = 0;
  const fields = headers.fields.map((field) => {
    const kept =
      field.name === ":path" ? new HeaderField(":path", path) : field;
    size += kept.size;
    return kept;
  });
  return new HeaderBlock(fields, size);
}

/**
 * The absolute URL of a request. Nothing that a caller names as authority makes
 * it fail: node:http2's own client names an IPv6 address without brackets, and
 * a request may also have none.
 */
export function urlOf(headers: HeaderBlock): string {
  const scheme = headers.scheme === "https" ? "https" : "http";
  const authority = headers.authority || headers.get("host") || NO_AUTHORITY;
  const path = headers.path ?? "/";
  const url =
    URL.parse(path, `${scheme}://${authority}`) ??
    URL.parse(path, `${scheme}://${NO_AUTHORITY}`);
  return url?.href ?? `${scheme}://${NO_AUTHORITY}/`;
}

/** The header fields without the pseudo-headers. */
export function toHeaders({ fields }: HeaderBlock): Headers {
  const headers = new Headers();
  for (const { name, value } of fields) {
    if (name.startsWith(":")) continue;
    if (SINGLE_VALUE_FIELDS.has(name) && headers.has(name)) continue;
    headers.append(name, value);
  }
  return headers;
}
