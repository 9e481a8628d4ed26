// The defaults that are promised, and what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveEtcdDirectoryOptions } from "../../../../../mesh/registry/etcd/directory-options.ts";

const hosts = ["127.0.0.1:2379"];

test("the defaults are the documented ones", () => {
  const options = resolveEtcdDirectoryOptions({ hosts });
  const { pageKeys, gatherMs, maxWatchAgeMs, soundMs, guard } = options;
  assert.deepEqual(
    { pageKeys, gatherMs, maxWatchAgeMs, soundMs },
    { pageKeys: 500, gatherMs: 20, maxWatchAgeMs: 600_000, soundMs: 60_000 },
  );
  const { retryInitialMs, retryMaxMs, cacheFile, cacheDelayMs } = options;
  assert.deepEqual(
    { retryInitialMs, retryMaxMs, cacheFile, cacheDelayMs },
    {
      retryInitialMs: 200,
      retryMaxMs: 10_000,
      cacheFile: undefined,
      cacheDelayMs: 1_000,
    },
  );
  assert.deepEqual(guard, {
    windowMs: 10_000,
    graceMs: 60_000,
    allowance: 3,
    ratio: 0.3,
  });
});

for (const wrong of [
  { pageKeys: 0 },
  { gatherMs: -1 },
  { guardGraceMs: Number.NaN },
  // A timer would take it for 1 ms.
  { maxWatchAgeMs: 2 ** 31 },
]) {
  const [name = ""] = Object.keys(wrong);
  test(`${name}: ${Object.values(wrong)} is refused by name`, () => {
    assert.throws(() => resolveEtcdDirectoryOptions({ hosts, ...wrong }), {
      code: "ERR_USAGE",
      message: new RegExp(name),
    });
  });
}
