// Everything that can be said about the sources without running them: format,
// lint, types, contracts, generated code, layers, sizes. All at once; prints
// each step, how long it took, and what it found.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Outcome, run } from "./run.ts";
import { ROOT } from "./sources.ts";

const steps: readonly [name: string, step: () => Promise<Outcome>][] = [
  ["format and lint", () => run("biome", "check", "--error-on-warnings", ".")],
  ["types", () => run("tsc", "-p", "tsconfig.json")],
  ["contracts", () => run("buf", "lint")],
  [
    "contracts' format",
    () => run("buf", "format", "--diff", "--exit-code", "proto"),
  ],
  ["generated code", checkGenerated],
  ["layers", () => run("node", "scripts/check-layers.ts")],
  ["sizes", () => run("node", "scripts/check-size.ts")],
];

/** Generate elsewhere and compare: new, changed and left-over files are found. */
async function checkGenerated(): Promise<Outcome> {
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  const dir = await mkdtemp(join(ROOT, ".cache/gen-check-"));
  try {
    const generated = await run("buf", "generate", "-o", dir);
    if (!generated.ok) return generated;
    const { ok, output } = await run("diff", "-r", join(dir, "gen"), "gen");
    const hint = "gen/ differs from proto/: npm run generate\n";
    return { ok, output: ok ? "" : output + hint };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const outcomes = steps.map(async ([name, step]) => {
  const start = performance.now();
  const { ok, output } = await step();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"}  ${name} (${seconds} s)`);
  if (!ok) console.log(output.trimEnd());
  return ok;
});
const ok = (await Promise.all(outcomes)).every(Boolean);
process.exitCode = ok ? 0 : 1;
