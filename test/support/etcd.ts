// A real etcd for a test: own process, free ports, temporary data.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { etcdBinaries } from "../../scripts/etcd.ts";
import { freePorts } from "./ports.ts";

/**
 * A running etcd.
 */
export interface TestEtcd extends AsyncDisposable {
  /** "127.0.0.1:port" of the client API. */
  readonly address: string;
  /** The process that runs now, or ran last. */
  readonly process: ChildProcess;
  /** Kill it, so that it is away until start(). */
  stop(): Promise<void>;
  /** Start it again on the same ports, with the same data or with none. */
  start(data?: "same data" | "no data"): Promise<void>;
  /** Run etcdctl against it; resolves with what it printed. */
  etcdctl(...args: string[]): Promise<string>;
}

/**
 * Start an etcd and wait until it answers.
 */
export async function startEtcd(): Promise<TestEtcd> {
  const { etcd, etcdctl } = await etcdBinaries();
  const dir = await mkdtemp(join(tmpdir(), "portolan-etcd-"));
  const [clientPort, peerPort] = await freePorts(2);
  const address = `127.0.0.1:${clientPort}`;
  const args = [
    ["--data-dir", dir],
    ["--listen-client-urls", `http://${address}`],
    ["--advertise-client-urls", `http://${address}`],
    ["--listen-peer-urls", `http://127.0.0.1:${peerPort}`],
    ["--initial-advertise-peer-urls", `http://127.0.0.1:${peerPort}`],
    ["--initial-cluster", `default=http://127.0.0.1:${peerPort}`],
    ["--logger", "zap"],
    ["--log-level", "error"],
  ].flat();
  const run = promisify(execFile);
  const ctl = async (...args: string[]) => {
    const { stdout } = await run(etcdctl, [`--endpoints=${address}`, ...args], {
      env: { ...process.env, ETCDCTL_API: "3" },
    });
    return stdout;
  };
  let child: ChildProcess;
  async function start(data = "same data"): Promise<void> {
    if (data === "no data") await rm(dir, { recursive: true });
    child = spawn(etcd, args, { stdio: ["ignore", "ignore", "inherit"] });
    // etcdctl waits by itself until the server is up, at most this long.
    await ctl("--dial-timeout=20s", "--command-timeout=20s", "get", "ready");
  }
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await start();
  return {
    address,
    get process() {
      return child;
    },
    etcdctl: ctl,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
