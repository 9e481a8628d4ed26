// A reporter for node:test that says only how many tests were executed. The
// default export is how node:test wants it.

import { resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** Yields one number. Skipped tests and suites do not count. */
export default async function* countTests(
  events: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  let count = 0;
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file, skip, details } = event.data;
    // A file without tests is reported as if it were a test of its own name.
    const isFile = file !== undefined && resolve(name) === file;
    if (details.type !== "suite" && !skip && !isFile) count++;
  }
  yield String(count);
}
