// The `date` of answers. RFC 9110, section 6.6.1.
//
// It has no fractions of a second, and to write one takes longer than to send
// it: one is made per second at most, and only if there is an answer.

import { HeaderField } from "../wire/index.ts";

let madeInSecond = Number.NaN;
let field: HeaderField;

/** The header field `date` for an answer that is sent now. */
export function dateField(): HeaderField {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1_000);
  if (second !== madeInSecond) {
    field = new HeaderField("date", new Date(nowMs).toUTCString());
    madeInSecond = second;
  }
  return field;
}
