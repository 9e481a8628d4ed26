// The contract of a directory, for registries that are only read.

import { describe } from "node:test";
import { type ContractOptions, createDefine } from "./contract.ts";
import { defineDirectoryTests } from "./directory-tests.ts";
import { defineObserverTests } from "./observer-tests.ts";
import { Stage } from "./stage.ts";
import type { DirectorySubject } from "./subject.ts";

/**
 * Define the tests of a directory. Call it in a file that `node --test` runs.
 */
export function directoryContract(
  options: ContractOptions<DirectorySubject>,
): void {
  const define = createDefine(
    options,
    (subject: DirectorySubject) => new Stage(subject, options.timeoutMs),
  );
  void describe(`${options.name} as a directory`, () => {
    defineDirectoryTests(define);
    defineObserverTests(define);
  });
}
