// The date of answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dateField } from "../../../runtime/http-date.ts";

test("The date follows the clock, forwards and back, and is made once in a second.", ({
  mock,
}) => {
  const startMs = Date.UTC(1994, 10, 6, 8, 49, 37);
  mock.timers.enable({ apis: ["Date"], now: startMs });
  const first = dateField();
  assert.equal(first.name, "date");
  // RFC 9110, section 5.6.7.
  assert.equal(first.value, "Sun, 06 Nov 1994 08:49:37 GMT");
  mock.timers.setTime(startMs + 999);
  assert.equal(dateField(), first);
  mock.timers.setTime(startMs + 1_000);
  assert.equal(dateField().value, "Sun, 06 Nov 1994 08:49:38 GMT");
  mock.timers.setTime(startMs - 1);
  assert.equal(dateField().value, "Sun, 06 Nov 1994 08:49:36 GMT");
});
