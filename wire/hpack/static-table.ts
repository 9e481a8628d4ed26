// The static table of RFC 7541, appendix A: 61 fields that both sides know
// from the start, numbered from 1.

import { HeaderField } from "./header-field.ts";

const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** How many fields the static table has; dynamic ones are numbered from here. */
export const STATIC_COUNT = 61;

/** The static table; index 0 is not in use and holds the first field. */
export const staticFields: readonly HeaderField[] = createStaticFields();

/** Where each name of the static table begins; fields of one name adjoin. */
const firstOfName: ReadonlyMap<string, number> = createNames();

function createStaticFields(): HeaderField[] {
  const fields = ENTRIES.map(([name, value], i) => {
    const field = new HeaderField(name, value);
    field.staticIndex = i + 1;
    return field;
  });
  return [fields[0] as HeaderField, ...fields];
}

function createNames(): Map<string, number> {
  const names = new Map<string, number>();
  for (let i = STATIC_COUNT; i >= 1; i--) {
    names.set((staticFields[i] as HeaderField).name, i);
  }
  return names;
}

/** The first static index with that name, 0 if there is none. */
export function findStaticName(name: string): number {
  return firstOfName.get(name) ?? 0;
}

/** The static index of exactly that field, 0 if there is none. */
export function findStaticField(name: string, value: string): number {
  const first = findStaticName(name);
  if (first === 0) return 0;
  for (let i = first; i <= STATIC_COUNT; i++) {
    const field = staticFields[i] as HeaderField;
    if (field.name !== name) return 0;
    if (field.value === value) return i;
  }
  return 0;
}
