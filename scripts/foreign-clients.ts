// Finds gRPC clients of other makers, which tests call our services with:
// Python's grpcio from Debian's packages, grpcurl and ghz built with Go.
//
// As a program it prints the paths, and what Python needs in its environment.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CACHE,
  fetchDebianPackages,
  findProgram,
  pathDirs,
  toError,
} from "./debian.ts";

const run = promisify(execFile);

const GRPCIO = "grpcio";
const FETCHED = join(CACHE, GRPCIO);

const HOW_TO_INSTALL = `Install it, and run this again:
  Debian, Ubuntu:  sudo apt-get install python3-grpcio
  elsewhere:       python3 -m pip install grpcio protobuf`;

/** The versions that are built, by the Go package of each program. */
const GO_PROGRAMS = {
  grpcurl: "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3",
  ghz: "github.com/bojand/ghz/cmd/ghz@v0.120.0",
} as const;

const BUILD_TIMEOUT_MS = 600_000;

/**
 * A Python that can import grpc and google.protobuf.
 */
export interface GrpcPython {
  readonly python: string;
  /** What it has to find in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Find a Python with grpcio: what is installed, what is in .cache, or from
 * Debian's packages. Rejects with an Error that says how to install it.
 */
export async function grpcPython(): Promise<GrpcPython> {
  const found = (await working({})) ?? (await fetched());
  if (found !== undefined) return found;
  try {
    await fetchDebianPackages({
      name: GRPCIO,
      megabytes: 4,
      packages: ["python3-grpcio"],
      withDependencies: true,
    });
  } catch (cause) {
    const why = toError(cause).message.trim();
    const what = "grpcio is neither installed nor to be had from apt";
    throw new Error(`${what}.\n${why}\n${HOW_TO_INSTALL}`, { cause });
  }
  const now = await fetched();
  if (now !== undefined) return now;
  throw new Error(
    `no Python here can import what ${FETCHED} holds.\n${HOW_TO_INSTALL}`,
  );
}

async function fetched(): Promise<GrpcPython | undefined> {
  const libraries = await libraryDirs(join(FETCHED, "usr/lib"));
  if (libraries.length === 0) return undefined;
  return working({
    PYTHONPATH: join(FETCHED, "usr/lib/python3/dist-packages"),
    LD_LIBRARY_PATH: libraries.join(":"),
  });
}

/** The first Python that has grpcio with that environment. */
async function working(
  env: Readonly<Record<string, string>>,
): Promise<GrpcPython | undefined> {
  // Debian's packages are for Debian's own Python, whatever PATH has first.
  const dirs = [...pathDirs(), "/usr/bin", join(FETCHED, "usr/bin")];
  for (const dir of new Set(dirs)) {
    const python = await findProgram("python3", [dir]);
    if (python === undefined) continue;
    const options = { env: { ...process.env, ...env }, timeout: 30_000 };
    const imports = "import grpc, google.protobuf.json_format";
    const works = await run(python, ["-c", imports], options).then(
      () => true,
      () => false,
    );
    if (works) return { python, env };
  }
  return undefined;
}

/** usr/lib/x86_64-linux-gnu, for example. */
async function libraryDirs(top: string): Promise<string[]> {
  const entries = await readdir(top, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(({ name }) => /-linux-/.test(name))
    .map(({ name }) => join(top, name));
}

/**
 * Paths of the programs that are written in Go.
 */
export type GoClients = Readonly<Record<keyof typeof GO_PROGRAMS, string>>;

/**
 * Find grpcurl and ghz in .cache, or build them. Resolves with undefined if all
 * that is missing is Go. Rejects with an Error if they can't be built.
 */
export async function goClients(): Promise<GoClients | undefined> {
  const go = await findProgram("go", [...pathDirs(), "/usr/local/go/bin"]);
  const grpcurl = await goProgram("grpcurl", go);
  const ghz = await goProgram("ghz", go);
  return grpcurl && ghz ? { grpcurl, ghz } : undefined;
}

/** Each version has a folder of its own, which gets its name at the end. */
async function goProgram(
  name: keyof GoClients,
  go: string | undefined,
): Promise<string | undefined> {
  const source = GO_PROGRAMS[name];
  const dir = join(CACHE, `${name}-${source.split("@")[1]}`);
  const cached = await findProgram(name, [dir]);
  if (cached !== undefined || go === undefined) return cached;
  process.stderr.write(`Building ${name} (with Go) ...\n`);
  await mkdir(CACHE, { recursive: true });
  const own = await mkdtemp(join(CACHE, `${name}-build-`));
  try {
    await run(go, ["install", source], {
      cwd: own,
      env: { ...process.env, GOFLAGS: "", GOWORK: "off", GOBIN: own },
      timeout: BUILD_TIMEOUT_MS,
    });
    await rename(own, dir).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker, with the same version.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return join(dir, name);
}

if (import.meta.main) {
  try {
    const { python, env } = await grpcPython();
    const go = await goClients();
    if (go === undefined) process.stderr.write("no Go: no grpcurl, no ghz\n");
    const settings = Object.entries(env).map(([name, it]) => `${name}=${it}`);
    const lines = [python, ...settings, ...Object.values(go ?? {})];
    process.stdout.write(`${lines.join("\n")}\n`);
  } catch (error) {
    process.stderr.write(`${toError(error).message}\n`);
    process.exitCode = 1;
  }
}
