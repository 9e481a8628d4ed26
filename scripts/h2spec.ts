// Finds h2spec, which tests HTTP/2 servers, and its h2specd, which tests
// clients. Builds them where there are none and Go is: the versions of
// h2spec/go.mod, into the git-ignored .cache folder.
//
// As a program it prints the two paths.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, findProgram, pathDirs, toError } from "./debian.ts";

const MODULE = join(import.meta.dirname, "h2spec");
const COMMANDS = "github.com/summerwind/h2spec/cmd/...";
const BUILD_TIMEOUT_MS = 300_000;

/**
 * Paths of the two programs.
 */
export interface H2specBinaries {
  readonly h2spec: string;
  readonly h2specd: string;
}

/**
 * Find h2spec and h2specd: in the folder H2SPEC_DIR, in .cache, or built with
 * Go. Resolves with undefined if all that is missing is Go, which nothing else
 * here needs. Rejects with an Error if they can't be built.
 */
export async function h2specBinaries(): Promise<H2specBinaries | undefined> {
  const chosen = process.env["H2SPEC_DIR"];
  if (chosen) {
    const found = await bothIn(chosen);
    if (found !== undefined) return found;
    throw new Error(`H2SPEC_DIR=${chosen} does not hold h2spec and h2specd`);
  }
  const dir = join(CACHE, `h2spec/${await pinned()}`);
  const cached = await bothIn(dir);
  if (cached !== undefined) return cached;
  const go = await findProgram("go", [...pathDirs(), "/usr/local/go/bin"]);
  if (go === undefined) return undefined;
  await build(go, dir);
  const built = await bothIn(dir);
  if (built !== undefined) return built;
  throw new Error(`${dir} holds no h2spec: remove that folder`);
}

/** A name for the versions: others are built anew, into another folder. */
async function pinned(): Promise<string> {
  const sums = await readFile(join(MODULE, "go.sum"));
  return createHash("sha256").update(sums).digest("hex").slice(0, 12);
}

async function bothIn(dir: string): Promise<H2specBinaries | undefined> {
  const h2spec = await findProgram("h2spec", [dir]);
  const h2specd = await findProgram("h2specd", [dir]);
  return h2spec && h2specd ? { h2spec, h2specd } : undefined;
}

/** Build into a folder of its own first: another process may do so as well. */
async function build(go: string, dir: string): Promise<void> {
  process.stderr.write("Building h2spec (with Go) ...\n");
  await mkdir(join(CACHE, "h2spec"), { recursive: true });
  const own = await mkdtemp(join(CACHE, "h2spec/build-"));
  try {
    const args = ["build", "-mod=readonly", "-o", `${own}/`, COMMANDS];
    await promisify(execFile)(go, args, {
      cwd: MODULE,
      env: { ...process.env, GOFLAGS: "", GOWORK: "off" },
      timeout: BUILD_TIMEOUT_MS,
    });
    await rename(own, dir).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker, with the same versions.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  try {
    const found = await h2specBinaries();
    if (found === undefined) throw new Error("no Go on PATH to build it with");
    process.stdout.write(`${found.h2spec}\n${found.h2specd}\n`);
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    process.exitCode = 1;
  }
}
