// Finds an etcd and its etcdctl, and fetches them where there are none: no
// root, no daemon, nothing outside the git-ignored .cache folder.
//
// As a program it prints the two paths.

import { dirname, join } from "node:path";
import {
  CACHE,
  fetchDebianPackages,
  findProgram,
  isExecutable,
  pathDirs,
  toError,
} from "./debian.ts";

const FETCHED = join(CACHE, "etcd");

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
  const found = await bothIn(pathDirs());
  if (found !== undefined) return found;
  const dirs = [join(FETCHED, "usr/bin")];
  const cached = await bothIn(dirs);
  if (cached !== undefined) return cached;
  try {
    const packages = ["etcd-server", "etcd-client"];
    await fetchDebianPackages({ name: "etcd", megabytes: 13, packages });
  } catch (cause) {
    throw missing("etcd is neither on PATH nor to be had from apt", cause);
  }
  const now = await bothIn(dirs);
  if (now !== undefined) return now;
  throw missing(`${FETCHED} holds no etcd: remove that folder`);
}

/** What ETCD_BIN names, with the etcdctl beside it or that of PATH. */
async function besides(etcd: string): Promise<EtcdBinaries> {
  if (!(await isExecutable(etcd))) {
    throw missing(`ETCD_BIN=${etcd} is not a program`);
  }
  const etcdctl = await findProgram("etcdctl", [dirname(etcd), ...pathDirs()]);
  if (etcdctl !== undefined) return { etcd, etcdctl };
  throw missing(`no etcdctl beside ETCD_BIN=${etcd}, and none on PATH`);
}

async function bothIn(
  dirs: readonly string[],
): Promise<EtcdBinaries | undefined> {
  const etcd = await findProgram("etcd", dirs);
  const etcdctl = await findProgram("etcdctl", dirs);
  return etcd && etcdctl ? { etcd, etcdctl } : undefined;
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
