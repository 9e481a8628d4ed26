import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  judge,
  parseExpectedCases,
} from "../../../scripts/conformance-result.ts";

const PASSED = "\nTotal cases: 20\n20 passed, 0 failed\n";

suite("the result of the conformance suite", () => {
  test("a run in which all cases passed is good", () => {
    const verdict = judge(PASSED, 0, 20);
    assert.deepEqual(verdict, { ok: true, text: "ok: 20 of 20 cases passed" });
  });

  const bad: [
    name: string,
    output: string,
    code: number | null,
    says: RegExp,
  ][] = [
    ["a case failed", "Total cases: 20\n19 passed, 1 failed\n", 1, /19 of 20/],
    [
      "fewer than expected ran",
      "Total cases: 19\n19 passed, 0 failed\n",
      0,
      /20 were expected/,
    ],
    [
      "cases could not be run",
      `${PASSED}Another 3 could not be run due to ...\n`,
      0,
      /Another 3/,
    ],
    [
      "failures were forgiven",
      `${PASSED}(Another 2 failed as expected ...)\n`,
      0,
      /Another 2/,
    ],
    ["the runner failed otherwise", PASSED, 1, /exit code 1/],
    ["a signal ended the runner", "", null, /no result/],
    ["nothing was printed", "", 0, /no result/],
  ];
  for (const [name, output, code, says] of bad) {
    test(`a run is bad if ${name}`, () => {
      const verdict = judge(output, code, 20);
      assert.equal(verdict.ok, false);
      assert.match(verdict.text, says);
    });
  }

  test("a configuration says how many cases it stands for", () => {
    assert.equal(
      parseExpectedCases("# Some\n# Cases: 5,266\nfeatures:\n"),
      5266,
    );
    assert.throws(() => parseExpectedCases("features:\n"), /no line/);
  });
});
