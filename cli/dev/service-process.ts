// One service as a child process: started, watched over, stopped.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Printer } from "./output.ts";

/** How long a service may take to stop before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 5_000;

/** What to run. */
export interface ServiceSpec {
  /** What its lines are prefixed with. */
  readonly label: string;
  /** The path of its main.ts or main.js. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A service that runs.
 */
export interface ServiceProcess {
  readonly spec: ServiceSpec;
  /**
   * Resolves with the instance's id when it is registered, with undefined if
   * the process ended before.
   */
  readonly registered: Promise<string | undefined>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** Ask it to stop, and insist after a while. Resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Start a service.
 */
export function startService(
  spec: ServiceSpec,
  print: Printer,
): ServiceProcess {
  const child = spawn(process.execPath, [spec.main], {
    // It ends when the channel to this process does: none is ever left behind.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, ...spec.env, PORTOLAN_STOP_WITH_PARENT: "1" },
  });
  const lines = [
    printLines(child.stdout, print),
    printLines(child.stderr, print),
  ];
  let stopping = false;
  const exited = (async () => {
    const [code, signal] = await exitOf(child);
    await Promise.all(lines);
    if (!stopping) print(`ended by itself (${signal ?? `exit code ${code}`})`);
  })();
  const registered = Promise.race([
    new Promise<string>((resolve) =>
      child.on("message", (message) => {
        const id = registeredId(message);
        if (id !== undefined) resolve(id);
      }),
    ),
    exited.then(() => undefined),
  ]);
  return {
    spec,
    registered,
    exited,
    async stop() {
      stopping = true;
      child.kill("SIGTERM");
      const timeout = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timeout);
    },
  };
}

async function exitOf(child: ChildProcess): Promise<unknown[]> {
  try {
    return await once(child, "exit");
  } catch (error) {
    return [String(error)]; // could not be started at all
  }
}

async function printLines(
  stream: Readable | null,
  print: Printer,
): Promise<void> {
  if (stream === null) return;
  for await (const line of createInterface({ input: stream })) print(line);
}

function registeredId(message: unknown): string | undefined {
  const isNews = typeof message === "object" && message !== null;
  return isNews && "registered" in message
    ? String(message.registered)
    : undefined;
}
