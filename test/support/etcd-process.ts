// One etcd as a process that a test starts, freezes, kills and starts again:
// what startEtcd() and startEtcdCluster() have in common.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EtcdBinaries } from "../../scripts/etcd.ts";
import { killAtExit, type TemporaryDir } from "./at-exit.ts";
import { type EtcdStatus, parseStatus } from "./etcd-status.ts";
import { until } from "./until.ts";

const runFile = promisify(execFile);

/** What to run. */
export interface EtcdProcessOptions {
  readonly binaries: EtcdBinaries;
  /** Becomes the process's own: removed when that is disposed of. */
  readonly dir: TemporaryDir;
  /** "host:port" of the client API. */
  readonly address: string;
  readonly scheme: "http" | "https";
  /** Flags of etcd, but those that say where its data is and how it logs. */
  readonly flags: readonly string[];
  /** Flags of etcdctl, but the endpoint. */
  readonly ctlFlags: readonly string[];
  /** More flags of etcdctl, once `setUp` has run. */
  readonly userFlags?: readonly string[];
  /** Runs after each start without data. */
  readonly setUp?: (etcd: EtcdProcess) => Promise<void>;
}

/** An etcd, documented where users meet it: TestEtcd in etcd.ts. */
export class EtcdProcess implements AsyncDisposable {
  readonly address: string;
  readonly url: string;
  readonly #options: EtcdProcessOptions;
  readonly #dataDir: string;
  #child: ChildProcess | undefined;
  #frozen = false;
  #isSetUp = false;

  constructor(options: EtcdProcessOptions) {
    this.address = options.address;
    this.url = `${options.scheme}://${options.address}`;
    this.#options = options;
    this.#dataDir = join(options.dir.path, "data");
  }

  get process(): ChildProcess {
    if (this.#child === undefined) throw new Error("etcd was never started");
    return this.#child;
  }

  get state(): "running" | "frozen" | "stopped" {
    const child = this.#child;
    const runs = child?.exitCode === null && child.signalCode === null;
    if (!runs) return "stopped";
    return this.#frozen ? "frozen" : "running";
  }

  async start(data: "same data" | "no data" = "same data"): Promise<void> {
    if (this.state !== "stopped") throw new Error("etcd runs already");
    if (data === "no data") {
      await rm(this.#dataDir, { recursive: true, force: true });
      this.#isSetUp = false;
    }
    const flags = [
      ...["--data-dir", this.#dataDir, "--logger", "zap"],
      ...["--log-level", "error", ...this.#options.flags],
    ];
    const child = spawn(this.#options.binaries.etcd, flags, {
      env: environment(),
      stdio: ["ignore", "ignore", "inherit"],
    });
    killAtExit(child);
    this.#child = child;
    await this.#answers(child);
    if (this.#isSetUp) return;
    await this.#options.setUp?.(this);
    this.#isSetUp = true;
  }

  async stop(): Promise<void> {
    if (this.state === "stopped") return;
    const exited = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exited;
    this.#frozen = false;
  }

  async freeze(): Promise<void> {
    if (this.state === "stopped") throw new Error("etcd doesn't run");
    this.process.kill("SIGSTOP");
    this.#frozen = true;
    // The signal is only on its way when kill() returns.
    const args = ["-o", "stat=", "-p", String(this.process.pid)];
    await until("etcd is frozen", async () =>
      (await runFile("ps", args)).stdout.trim().startsWith("T"),
    );
  }

  async thaw(): Promise<void> {
    if (this.state === "stopped") throw new Error("etcd doesn't run");
    this.process.kill("SIGCONT");
    this.#frozen = false;
  }

  etcdctl(...args: string[]): Promise<string> {
    return this.#run(args);
  }

  async status(): Promise<EtcdStatus> {
    const limits = ["--dial-timeout=2s", "--command-timeout=2s"];
    const command = ["endpoint", "status", "--write-out=json"];
    return parseStatus(await this.#run([...limits, ...command]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#options.dir[Symbol.asyncDispose]();
  }

  /** Wait until the server is up: etcdctl does that, at most this long. */
  async #answers(child: ChildProcess): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(child, "exit", { signal }).then(([code, name]) => {
      throw new Error(`etcd ended at its start (${code ?? name})`);
    });
    const limits = ["--dial-timeout=30s", "--command-timeout=30s"];
    try {
      await Promise.race([
        ended,
        this.#run([...limits, "get", "ready"], signal),
      ]);
    } finally {
      over.abort();
    }
  }

  async #run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const { binaries, ctlFlags, userFlags = [] } = this.#options;
    const flags = [
      ...[`--endpoints=${this.url}`, ...ctlFlags],
      ...(this.#isSetUp ? userFlags : []),
    ];
    const { stdout } = await runFile(binaries.etcdctl, [...flags, ...args], {
      env: { ...environment(), ETCDCTL_API: "3" },
      ...(signal === undefined ? {} : { signal }),
    });
    return stdout;
  }
}

/** Ours, without what both programs would take for flags. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !/^ETCD/.test(name)));
}
