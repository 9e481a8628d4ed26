// Finds an etcd and its etcdctl, and fetches them where there are none: no
// root, no daemon, nothing outside the git-ignored .cache folder.
//
// As a program it prints the two paths.

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
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const CACHE = join(import.meta.dirname, "../.cache");
const FETCHED = join(CACHE, "etcd");
const FETCH_TIMEOUT_MS = 180_000;

const HOW_TO_INSTALL = `Install one, and run this again:
  Debian, Ubuntu:  sudo apt-get install etcd-server etcd-client
  macOS:           brew install etcd
  anything else:   unpack an archive of https://github.com/etcd-io/etcd/releases
and have etcd and etcdctl on PATH, or say where etcd is: ETCD_BIN=/path/to/etcd`;

/**
 * Paths of the two programs.
 */
export interface EtcdBinaries {
  readonly etcd: string;
  readonly etcdctl: string;
}

/**
 * Find etcd and etcdctl: where ETCD_BIN says, on PATH (both, or neither counts),
 * in .cache, or from Debian's packages. Rejects with an Error that says how to
 * install one.
 */
export async function etcdBinaries(): Promise<EtcdBinaries> {
  const chosen = process.env["ETCD_BIN"];
  if (chosen) return besides(chosen);
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const etcd = await find("etcd", path);
  const etcdctl = await find("etcdctl", path);
  if (etcd !== undefined && etcdctl !== undefined) return { etcd, etcdctl };
  const cached = await fetched();
  if (cached !== undefined) return cached;
  try {
    await fetchPackages();
  } catch (cause) {
    throw missing("etcd is neither on PATH nor to be had from apt", cause);
  }
  const now = await fetched();
  if (now !== undefined) return now;
  throw missing(`${FETCHED} holds no etcd: remove that folder`);
}

/** What ETCD_BIN names, with the etcdctl beside it or that of PATH. */
async function besides(etcd: string): Promise<EtcdBinaries> {
  if (!(await isExecutable(etcd))) {
    throw missing(`ETCD_BIN=${etcd} is not a program`);
  }
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const etcdctl = await find("etcdctl", [dirname(etcd), ...path]);
  if (etcdctl !== undefined) return { etcd, etcdctl };
  throw missing(`no etcdctl beside ETCD_BIN=${etcd}, and none on PATH`);
}

async function fetched(): Promise<EtcdBinaries | undefined> {
  const dirs = [join(FETCHED, "usr/bin")];
  const etcd = await find("etcd", dirs);
  const etcdctl = await find("etcdctl", dirs);
  return etcd && etcdctl ? { etcd, etcdctl } : undefined;
}

/**
 * Fetch Debian's packages and unpack them. All happens in a folder of its own,
 * which gets its final name at the end: two processes may do this at once, and
 * one that is killed leaves nothing half done under that name.
 */
async function fetchPackages(): Promise<void> {
  process.stderr.write("Fetching etcd (Debian's packages, 13 MB) ...\n");
  await mkdir(CACHE, { recursive: true });
  const dir = await mkdtemp(join(CACHE, "etcd-fetch-"));
  try {
    const env = { ...process.env, APT_CONFIG: await aptConfig(dir) };
    const options = { cwd: dir, env, timeout: FETCH_TIMEOUT_MS };
    // A source of this machine that is broken need not be the one we want.
    const update = await run("apt-get", ["update"], options).catch(toError);
    const packages = ["etcd-server", "etcd-client"];
    await run("apt-get", ["download", ...packages], options).catch((error) => {
      throw update instanceof Error ? update : error;
    });
    const unpack = 'for deb in *.deb; do dpkg-deb -x "$deb" root; done';
    await run("sh", ["-ec", unpack], options);
    await rename(join(dir, "root"), FETCHED).catch(ifThereAlready);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
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

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

async function find(
  name: string,
  dirs: readonly string[],
): Promise<string | undefined> {
  for (const dir of dirs) {
    const path = join(dir, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(what: string, cause?: unknown): Error {
  const why = cause instanceof Error ? `\n${cause.message.trim()}\n` : "";
  return new Error(`${what}.${why}\n${HOW_TO_INSTALL}`, { cause });
}

if (import.meta.main) {
  try {
    const { etcd, etcdctl } = await etcdBinaries();
    process.stdout.write(`${etcd}\n${etcdctl}\n`);
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    process.exitCode = 1;
  }
}
