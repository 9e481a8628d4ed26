// Makes dist/: what npm publishes. JavaScript and declarations of everything
// but tests and scripts.

import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";
import { ROOT } from "./sources.ts";

await rm(join(ROOT, "dist"), { recursive: true, force: true });
const { ok, output } = await run("tsc", "-p", "tsconfig.build.json");
if (ok) {
  await chmod(join(ROOT, "dist/cli/main.js"), 0o755);
} else {
  console.error(output.trimEnd());
  process.exitCode = 1;
}
