// Finds the HTTP/2 programs of nghttp2 that tests hold our engine against:
// nghttp, nghttpd and h2load. Fetches them where there are none.
//
// As a program it prints the three paths, and what they need in LD_LIBRARY_PATH.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  CACHE,
  fetchDebianPackages,
  findProgram,
  pathDirs,
  toError,
} from "./debian.ts";

const NAME = "nghttp2";
const FETCHED = join(CACHE, NAME);

const HOW_TO_INSTALL = `Install them, and run this again:
  Debian, Ubuntu:  sudo apt-get install nghttp2-client nghttp2-server
  macOS:           brew install nghttp2`;

/**
 * Paths of the programs.
 */
export interface Http2Tools {
  readonly nghttp: string;
  readonly nghttpd: string;
  readonly h2load: string;
  /** What they have to find in their environment: where the libraries are. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Find nghttp, nghttpd and h2load: on PATH (all, or none counts), in .cache, or
 * from Debian's packages. Rejects with an Error that says how to install them.
 */
export async function http2Tools(): Promise<Http2Tools> {
  // Debian keeps the server in a folder that only root has on PATH.
  const found = await allIn([...pathDirs(), "/usr/sbin", "/usr/local/sbin"]);
  if (found !== undefined) return { ...found, env: {} };
  const cached = await fetched();
  if (cached !== undefined) return cached;
  try {
    await fetchDebianPackages({
      name: NAME,
      megabytes: 2,
      packages: ["nghttp2-client", "nghttp2-server"],
      withDependencies: true,
    });
  } catch (cause) {
    throw missing("nghttp2 is neither on PATH nor to be had from apt", cause);
  }
  const now = await fetched();
  if (now !== undefined) return now;
  throw missing(`${FETCHED} holds no nghttp2: remove that folder`);
}

async function fetched(): Promise<Http2Tools | undefined> {
  const dirs = ["usr/bin", "usr/sbin"].map((dir) => join(FETCHED, dir));
  const found = await allIn(dirs);
  if (found === undefined) return undefined;
  return {
    ...found,
    env: { LD_LIBRARY_PATH: (await libraryDirs()).join(":") },
  };
}

/** usr/lib/x86_64-linux-gnu, for example: the folders that hold libraries. */
async function libraryDirs(): Promise<string[]> {
  const dirs: string[] = [];
  for (const lib of ["usr/lib", "lib"]) {
    const top = join(FETCHED, lib);
    const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (/-linux-/.test(entry.name)) dirs.push(join(top, entry.name));
    }
  }
  return dirs;
}

async function allIn(
  dirs: readonly string[],
): Promise<Omit<Http2Tools, "env"> | undefined> {
  const nghttp = await findProgram("nghttp", dirs);
  const nghttpd = await findProgram("nghttpd", dirs);
  const h2load = await findProgram("h2load", dirs);
  return nghttp && nghttpd && h2load ? { nghttp, nghttpd, h2load } : undefined;
}

function missing(what: string, cause?: unknown): Error {
  const why = cause instanceof Error ? `\n${cause.message.trim()}\n` : "";
  return new Error(`${what}.${why}\n${HOW_TO_INSTALL}`, { cause });
}

if (import.meta.main) {
  try {
    const { env, ...paths } = await http2Tools();
    const libraries = Object.entries(env).map(([name, at]) => `${name}=${at}`);
    const lines = [...Object.values(paths), ...libraries];
    process.stdout.write(`${lines.join("\n")}\n`);
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    process.exitCode = 1;
  }
}
