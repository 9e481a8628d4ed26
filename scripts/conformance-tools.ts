// Sees to what the conformance suite needs, where Go is: its runner, built with
// Go, and stubs of the protos that come with it. The version is that of
// conformance/go.mod. Both go into git-ignored folders.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { CACHE, findProgram, pathDirs } from "./debian.ts";
import { run } from "./run.ts";
import { ROOT } from "./sources.ts";

const FOLDER = join(ROOT, "conformance");
const MODULE = "connectrpc.com/conformance";
const RUNNER = "connectconformance";

/** Where conformance/*.ts import the stubs from. */
const STUBS = join(FOLDER, ".cache/gen");

const BUILD_TIMEOUT_MS = 300_000;

/**
 * See to the runner and the stubs. Resolves with the path of the runner, or
 * with undefined if all that is missing is Go. Rejects with an Error that says
 * what went wrong.
 */
export async function conformanceRunner(): Promise<string | undefined> {
  const dir = join(CACHE, "conformance", await pinned("conformance/go.sum"));
  const version = await pinned("conformance/go.sum", "package-lock.json");
  const cached = await findProgram(RUNNER, [dir]);
  const stubs = await readFile(join(STUBS, "version"), "utf8").catch(() => "");
  if (cached !== undefined && stubs === version) return cached;
  const go = await findProgram("go", [...pathDirs(), "/usr/local/go/bin"]);
  if (go === undefined) return undefined;
  await Promise.all([
    cached ?? buildRunner(go, dir),
    stubs === version || generateStubs(go, version),
  ]);
  return join(dir, RUNNER);
}

/** A name for the versions in some files: with others, all is made anew. */
async function pinned(...files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(join(ROOT, file)));
  return hash.digest("hex").slice(0, 12);
}

/** Built into a folder of its own first: another process may do so as well. */
async function buildRunner(go: string, dir: string): Promise<void> {
  process.stderr.write("Building connectconformance (with Go) ...\n");
  const parent = dirname(dir);
  await mkdir(parent, { recursive: true });
  const own = await mkdtemp(join(parent, "build-"));
  try {
    const command = `${MODULE}/cmd/${RUNNER}`;
    await runGo(go, ["build", "-mod=readonly", "-o", `${own}/`, command]);
    await rename(own, dir).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker, with the same versions.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** The file with the version comes last: without it they are half made. */
async function generateStubs(go: string, version: string): Promise<void> {
  const protos = join(await moduleDir(go), "proto");
  const template = join(ROOT, "buf.gen.yaml");
  // The template removes what was there, and names the folder "gen".
  const options = ["--template", template, "-o", dirname(STUBS)];
  const { ok, output } = await run("buf", "generate", protos, ...options);
  if (!ok) throw new Error(`no stubs of ${protos}: ${output.trimEnd()}`);
  await writeFile(join(STUBS, "version"), version);
}

/** The folder that has the module's files; fetches them if need be. */
async function moduleDir(go: string): Promise<string> {
  const stdout = await runGo(go, ["mod", "download", "-json", MODULE]);
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return Dir;
}

async function runGo(go: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(go, args, {
    cwd: FOLDER,
    env: { ...process.env, GOFLAGS: "", GOWORK: "off" },
    timeout: BUILD_TIMEOUT_MS,
  });
  return stdout;
}
