// A real etcd for a test: own process, free ports, temporary data; with TLS and
// authentication if wanted.

import { type ChildProcess, execFile } from "node:child_process";
import { promisify } from "node:util";
import { etcdBinaries } from "../../scripts/etcd.ts";
import { makeTemporaryDir } from "./at-exit.ts";
import { EtcdProcess } from "./etcd-process.ts";
import type { EtcdStatus } from "./etcd-status.ts";
import { freePorts } from "./ports.ts";

/**
 * An etcd. Disposing of it kills it and removes its data; it ends with the test
 * process in any case.
 */
export interface TestEtcd extends AsyncDisposable {
  /** "127.0.0.1:port" of the client API. */
  readonly address: string;
  /** The same as a URL: "http://..." or, with TLS, "https://...". */
  readonly url: string;
  /** The process that runs now, or ran last. */
  readonly process: ChildProcess;
  readonly state: "running" | "frozen" | "stopped";
  /**
   * Kill it, so that it is away until start(): connections are reset, ports
   * refuse. Does nothing if it does not run. Works on a frozen one.
   */
  stop(): Promise<void>;
  /**
   * Start it again on the same ports, with the same data (the default) or with
   * none, and wait until it answers. Authentication is enabled anew where there
   * was no data. Rejects if it runs already, or does not answer within 30 s.
   */
  start(data?: "same data" | "no data"): Promise<void>;
  /**
   * Stop the process where it is (SIGSTOP): its sockets stay open and silent.
   * Resolves once it stands still. Rejects if it does not run.
   */
  freeze(): Promise<void>;
  /** Let a frozen one go on (SIGCONT). Rejects if it does not run. */
  thaw(): Promise<void>;
  /**
   * Run etcdctl against it, as root if there is authentication; resolves with
   * what it printed. Rejects with what it complained of; after 5 s if etcd is
   * silent.
   */
  etcdctl(...args: string[]): Promise<string>;
  /**
   * Ask what it knows of itself: revision, raft term, leader. Needs no majority.
   * Rejects after 2 s if it is silent.
   */
  status(): Promise<EtcdStatus>;
}

/** How an etcd is to be. */
export interface EtcdOptions {
  /** TLS for clients. Defaults to none. Peers talk plain text in any case. */
  readonly tls?: EtcdTls;
  /** Authentication with simple tokens. Defaults to none. */
  readonly auth?: EtcdAuth;
  /**
   * How often a quiet watcher is told the revision, in milliseconds. Defaults
   * to etcd's own, 10 minutes. (The flag's name depends on the version.)
   */
  readonly watchProgressMs?: number;
  /** More flags of etcd: ["--auto-compaction-mode", "revision"]. */
  readonly flags?: readonly string[];
}

/**
 * Flags for a short election timeout: start() after stop() and a change of
 * leader take 0.2 s instead of 1 to 3 s. The shortest TTL is 1 s then, instead
 * of 2 s. Not for a member that has to lead on a machine with much to do.
 */
export const quickElection: readonly string[] = [
  ...["--heartbeat-interval", "20", "--election-timeout", "200"],
];

/** PEM files, as makeCertificates() makes them. */
export interface EtcdTls {
  /** CA of the server's certificate and of the clients'. */
  readonly caFile: string;
  /**
   * The server's. etcdctl shows it too where it has to show one, so it has to
   * be good for clients as well.
   */
  readonly certFile: string;
  readonly keyFile: string;
  /**
   * Refuse clients without a certificate of that CA. Defaults to false. With
   * `auth`, a client that shows one and has no token is the user whom its
   * common name says.
   */
  readonly requireClientCert?: boolean;
}

/** A user. There is always a root too, with the same password. */
export interface EtcdAuth {
  readonly user: string;
  readonly password: string;
  /**
   * The user, if it is not root, may read and write keys that begin with this.
   * Defaults to "": all keys.
   */
  readonly prefix?: string;
}

/**
 * Start an etcd and wait until it answers. ETCD_BIN chooses which.
 */
export async function startEtcd(options: EtcdOptions = {}): Promise<TestEtcd> {
  const binaries = await etcdBinaries();
  const [clientPort, peerPort] = await freePorts(2);
  const address = `127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const { tls, auth } = options;
  const scheme = tls ? "https" : "http";
  const etcd = new EtcdProcess({
    binaries,
    dir: await makeTemporaryDir("etcd"),
    address,
    scheme,
    flags: [
      ...["--listen-client-urls", `${scheme}://${address}`],
      ...["--advertise-client-urls", `${scheme}://${address}`],
      ...["--listen-peer-urls", peerUrl],
      ...["--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", `default=${peerUrl}`],
      ...(tls ? tlsFlags(tls) : []),
      // As cheap as it goes: nobody is to wait for the hash of a password.
      ...(auth ? ["--auth-token", "simple", "--bcrypt-cost", "4"] : []),
      ...(await progressFlags(binaries.etcd, options.watchProgressMs)),
      ...(options.flags ?? []),
    ],
    ctlFlags: tls ? tlsCtlFlags(tls) : [],
    ...(auth
      ? {
          userFlags: [`--user=root`, `--password=${auth.password}`],
          setUp: (etcd: EtcdProcess) => enableAuth(etcd, auth),
        }
      : {}),
  });
  try {
    await etcd.start();
  } catch (error) {
    await etcd[Symbol.asyncDispose]();
    throw error;
  }
  return etcd;
}

function tlsFlags(tls: EtcdTls): string[] {
  return [
    ...["--cert-file", tls.certFile, "--key-file", tls.keyFile],
    // The CA alone would be enough for etcd to want certificates of clients.
    ...(tls.requireClientCert
      ? ["--client-cert-auth", "--trusted-ca-file", tls.caFile]
      : []),
  ];
}

function tlsCtlFlags(tls: EtcdTls): string[] {
  const own = [`--cert=${tls.certFile}`, `--key=${tls.keyFile}`];
  return [`--cacert=${tls.caFile}`, ...(tls.requireClientCert ? own : [])];
}

async function enableAuth(etcd: EtcdProcess, auth: EtcdAuth): Promise<void> {
  const { user, password, prefix = "" } = auth;
  await etcd.etcdctl("user", "add", `root:${password}`);
  await etcd.etcdctl("user", "grant-role", "root", "root");
  if (user !== "root") {
    await etcd.etcdctl("user", "add", `${user}:${password}`);
    await etcd.etcdctl("role", "add", user);
    const keys = ["--prefix=true", user, "readwrite", prefix];
    await etcd.etcdctl("role", "grant-permission", ...keys);
    await etcd.etcdctl("user", "grant-role", user, user);
  }
  await etcd.etcdctl("auth", "enable");
}

/** The flag that this version has: it is no experiment any more since 3.6. */
async function progressFlags(
  etcd: string,
  intervalMs: number | undefined,
): Promise<string[]> {
  if (intervalMs === undefined) return [];
  const { stdout, stderr } = await promisify(execFile)(etcd, ["--help"]);
  const name = "watch-progress-notify-interval";
  const isStable = `${stdout}${stderr}`.includes(` --${name}`);
  return [`--${isStable ? "" : "experimental-"}${name}`, `${intervalMs}ms`];
}
