// Which services `portolan dev` runs: those it is given, or the examples with
// all that they need for a first try.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PortolanError } from "../../core/index.ts";
import type { ServiceSpec } from "./service-process.ts";

/** The demo account. It exists only as long as `portolan dev` runs. */
export const DEMO_ACCOUNT = { account: "aoho", password: "123456" } as const;

/** What to run, and what to clean up afterwards. */
export interface DevServices extends AsyncDisposable {
  readonly specs: readonly ServiceSpec[];
}

/**
 * The services whose main files were named. Throws ERR_USAGE if one is
 * missing.
 */
export async function namedServices(
  mains: readonly string[],
): Promise<DevServices> {
  const specs: ServiceSpec[] = [];
  for (const given of mains) {
    const main = resolve(given);
    await access(main).catch((cause) => {
      throw new PortolanError("ERR_USAGE", `there is no file ${main}`, {
        cause,
      });
    });
    specs.push({ label: label(main, specs), main, env: {} });
  }
  return { specs, async [Symbol.asyncDispose]() {} };
}

/** "greeter" for .../greeter/main.ts; "greeter-2" if that is taken. */
function label(main: string, others: readonly ServiceSpec[]): string {
  const file = basename(main, extname(main));
  const name = file === "main" ? basename(dirname(main)) : file;
  const taken = new Set(others.map((other) => other.label));
  for (let n = 2; ; n++) {
    const candidate =
      taken.size === 0 || !taken.has(name) ? name : `${name}-${n}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/**
 * The example services: two greeters, one say, one user.
 */
export async function exampleServices(): Promise<DevServices> {
  const dir = await mkdtemp(join(tmpdir(), "portolan-dev-"));
  const accounts = join(dir, "accounts.json");
  const key = join(dir, "jwt.key");
  const { account, password } = DEMO_ACCOUNT;
  const hash = await hashPassword(password);
  const demo = [{ account, name: account, dcId: 1, password: hash }];
  await writeFile(accounts, JSON.stringify(demo), { mode: 0o600 });
  // A new key each time: nobody else can know it.
  await writeFile(key, randomBytes(32), { mode: 0o600 });
  const userEnv = {
    PORTOLAN_USER_ACCOUNTS: accounts,
    PORTOLAN_USER_JWT_KEY_FILE: key,
  };
  return {
    specs: [
      { label: "greeter-1", main: exampleFile("greeter/main"), env: {} },
      { label: "greeter-2", main: exampleFile("greeter/main"), env: {} },
      { label: "say", main: exampleFile("say/main"), env: {} },
      { label: "user", main: exampleFile("user/main"), env: userEnv },
    ],
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A program of the examples: source here, built where it was installed. */
function exampleFile(path: string): string {
  const extension = extname(import.meta.url);
  const url = new URL(`../../services/${path}${extension}`, import.meta.url);
  return fileURLToPath(url);
}

function hashPassword(password: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [exampleFile("user/hash-password")],
      (error, stdout) => (error ? reject(error) : resolve(stdout.trim())),
    );
    child.stdin?.end(password);
  });
}
