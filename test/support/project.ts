// A project of somebody else's, as a copy that a test may change.

import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./program.ts";

/** A folder that goes away with the test. */
export interface TestProject extends AsyncDisposable {
  /** Its absolute path. */
  readonly dir: string;
}

/**
 * Copy folders of test/fixtures/, each under another name or its own, into a
 * new folder. It is below .cache/, which git ignores, and as deep as
 * test/fixtures/: imports of packages and of this repository resolve.
 */
export async function makeProject(
  copies: Readonly<Record<string, string>>,
): Promise<TestProject> {
  const cache = join(root, ".cache");
  await mkdir(cache, { recursive: true });
  const dir = await mkdtemp(join(cache, "project-"));
  for (const [name, fixture] of Object.entries(copies)) {
    const source = join(root, "test/fixtures", fixture);
    await cp(source, join(dir, name), { recursive: true });
  }
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
