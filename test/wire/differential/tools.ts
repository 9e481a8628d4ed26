// The programs of nghttp2 for tests, or the reason why there are none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Http2Tools, http2Tools } from "../../../scripts/http2-tools.ts";

/** The programs, or what `skip` of a test's options takes. */
export type FoundTools =
  | { readonly tools: Http2Tools; readonly skip: false }
  | { readonly tools: undefined; readonly skip: string };

/**
 * Find the programs, or say that tests are skipped for want of them. In CI that
 * is a failure: of a test of its own, which this adds.
 */
export async function findTools(): Promise<FoundTools> {
  const found = await http2Tools().catch((error: Error) => error);
  const reason = found instanceof Error ? found.message : undefined;
  test("nghttp, nghttpd and h2load are there", (t) => {
    if (reason === undefined) return;
    if (process.env["CI"]) assert.fail(reason);
    t.skip(reason);
  });
  if (found instanceof Error) {
    const [summary = ""] = found.message.split("\n", 1);
    return { tools: undefined, skip: summary };
  }
  return { tools: found, skip: false };
}
