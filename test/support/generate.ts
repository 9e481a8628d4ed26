// Generates code from contracts that belong to a test, offline.

import { cp } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "./command.ts";
import { root } from "./program.ts";

/**
 * PATH with the commands that npm installed before all others, as npm itself
 * sets it for scripts.
 */
export const pathWithPackages = [
  join(root, "node_modules/.bin"),
  process.env["PATH"] ?? "",
].join(delimiter);

/**
 * Run `buf generate` in a folder with a buf.yaml and a buf.gen.yaml, with the
 * repository's google/api beside them.
 */
export async function generateIn(dir: string): Promise<void> {
  await cp(join(root, "third_party/googleapis"), join(dir, "googleapis"), {
    recursive: true,
  });
  const template = join(dir, "buf.gen.yaml");
  const args = ["generate", dir, "--template", template, "--output", dir];
  const { code, stderr } = await run("buf", args, { PATH: pathWithPackages });
  if (code !== 0) throw new Error(`buf generate ended with ${code}: ${stderr}`);
}
