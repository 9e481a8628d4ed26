// Fetches programs from Debian's packages: no root, no daemon, nothing outside
// the git-ignored .cache folder. Works where apt-get and dpkg-deb are.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import {
  access,
  mkdir,
  mkdtemp,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** What the scripts fetch or build; git ignores it. */
export const CACHE = join(import.meta.dirname, "../.cache");

const FETCH_TIMEOUT_MS = 180_000;

/**
 * What to fetch.
 */
export interface DebianPackages {
  /** The folder in .cache that holds it in the end. */
  readonly name: string;
  /** How large the download is, for the line that announces it. */
  readonly megabytes: number;
  readonly packages: readonly string[];
  /**
   * Fetch what the packages depend on and this machine does not have as well,
   * shared libraries for the most part. Defaults to false.
   */
  readonly withDependencies?: boolean;
}

/**
 * Fetch Debian's packages and unpack them into .cache/NAME. All happens in a
 * folder of its own, which gets its final name at the end: two processes may do
 * this at once, and one that is killed leaves nothing half done under that name.
 */
export async function fetchDebianPackages(
  wanted: DebianPackages,
): Promise<void> {
  const { name, megabytes } = wanted;
  process.stderr.write(
    `Fetching ${name} (Debian's packages, ${megabytes} MB) ...\n`,
  );
  await mkdir(CACHE, { recursive: true });
  const dir = await mkdtemp(join(CACHE, `${name}-fetch-`));
  try {
    const env = { ...process.env, APT_CONFIG: await aptConfig(dir) };
    const options = { cwd: dir, env, timeout: FETCH_TIMEOUT_MS };
    // A source of this machine that is broken need not be the one we want.
    const update = await run("apt-get", ["update"], options).catch(toError);
    const download = async () => {
      const packages = await allOf(wanted, options);
      await run("apt-get", ["download", ...packages], options);
    };
    await download().catch((error) => {
      throw update instanceof Error ? update : error;
    });
    const unpack = 'for deb in *.deb; do dpkg-deb -x "$deb" root; done';
    await run("sh", ["-ec", unpack], options);
    await rename(join(dir, "root"), join(CACHE, name)).catch(ifThereAlready);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The packages, and those that apt would install with them. */
async function allOf(
  { packages, withDependencies = false }: DebianPackages,
  options: { cwd: string; env: NodeJS.ProcessEnv; timeout: number },
): Promise<readonly string[]> {
  if (!withDependencies) return packages;
  const args = ["install", "--simulate", "--no-install-recommends"];
  const { stdout } = await run("apt-get", [...args, ...packages], options);
  // "Inst libev4 (1:4.33-1 Debian:12.9/stable [amd64])"
  const missing = [...stdout.matchAll(/^Inst (\S+) /gm)].map(([, it]) => it);
  return [
    ...new Set([...packages, ...missing.filter((it) => it !== undefined)]),
  ];
}

/** Let apt keep lists and archives here: it needs neither root nor its locks. */
async function aptConfig(dir: string): Promise<string> {
  await mkdir(join(dir, "state/lists/partial"), { recursive: true });
  await mkdir(join(dir, "cache/archives/partial"), { recursive: true });
  const file = join(dir, "apt.conf");
  const lines = [
    `Dir::State "${dir}/state";`,
    'Dir::State::status "/var/lib/dpkg/status";',
    `Dir::Cache "${dir}/cache";`,
    'APT::Sandbox::User "";',
    'Debug::NoLocking "1";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

const run = promisify(execFile);

function ifThereAlready(error: NodeJS.ErrnoException): void {
  // Another process was quicker, with the same packages.
  if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
}

/** The folders of PATH. */
export function pathDirs(): string[] {
  return (process.env["PATH"] ?? "").split(delimiter);
}

/** The first program of that name in some folders. */
export async function findProgram(
  name: string,
  dirs: readonly string[],
): Promise<string | undefined> {
  for (const dir of dirs) {
    const path = join(dir, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** Whether a file is there and may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** What was thrown, as an Error. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
