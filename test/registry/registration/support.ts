// What the tests of registrations share: what stands in etcd, and what happened
// there, as etcdctl tells it, and which states a registration went through.

import {
  createEtcdRegistrar,
  type EtcdRegistrarOptions,
  type Registrar,
  type Registration,
  type RegistrationState,
  registrationChanges,
} from "../../../mesh/registry/index.ts";
import { etcdBinaries } from "../../../scripts/etcd.ts";
import type { TestEtcd } from "../../support/etcd.ts";
import { startProgram } from "../../support/program.ts";
import { collect } from "../../unit/mesh/registry/support.ts";

/** Where all keys of instances are. */
export const PREFIX = "/portolan/v1/instances/";

/** The shortest time to live there is, in seconds. */
export const TTL_SECONDS = 2;

/** Create a registrar whose leases are short. */
export function openRegistrar(
  host: string,
  options: Partial<EtcdRegistrarOptions> = {},
): Registrar {
  return createEtcdRegistrar({
    hosts: [host],
    leaseTtlSeconds: TTL_SECONDS,
    ...options,
  });
}

/** The leases that exist, in hexadecimal, as etcdctl takes them. */
export async function leases(etcd: TestEtcd): Promise<string[]> {
  const [, ...list] = (await etcd.etcdctl("lease", "list")).split("\n");
  return list.filter((id) => id !== "");
}

/** Grant a lease that is nobody's business. */
export async function grantLease(etcd: TestEtcd): Promise<string> {
  const granted = await etcd.etcdctl("lease", "grant", "60");
  return /lease (\S+) granted/.exec(granted)?.[1] ?? "";
}

/** A record that stands in etcd. */
export interface Standing {
  readonly key: string;
  readonly value: string;
  /** As leases() has it; "0" for none. */
  readonly lease: string;
}

/** All records of instances. */
export async function records(etcd: TestEtcd): Promise<Standing[]> {
  const args = ["get", "--prefix", PREFIX, "--write-out=json"];
  const text = await etcd.etcdctl(...args);
  const decode = (base64: string) => Buffer.from(base64, "base64").toString();
  // The lease does not fit into a number of JavaScript.
  const { kvs = [] } = JSON.parse(
    text.replace(/"lease":(\d+)/g, '"lease":"$1"'),
  );
  return kvs.map((kv: { key: string; value: string; lease?: string }) => ({
    key: decode(kv.key),
    value: decode(kv.value),
    lease: kv.lease ? BigInt(kv.lease).toString(16).padStart(16, "0") : "0",
  }));
}

/** The states that registrations come to, in order, from now on. */
export function collectStates() {
  const changes = collect(registrationChanges);
  return {
    /** Of all of them. */
    get all() {
      return changes.messages.map(({ to }) => to);
    },
    get reasons() {
      return changes.messages.map(({ reason }) => reason?.message);
    },
    /** Of one of them. */
    of: ({ instance }: Registration) =>
      changes.messages.filter((c) => c.instance === instance).map((c) => c.to),
    /** Resolves with the first change, past or future, to this state. */
    reached: (to: RegistrationState, from?: RegistrationState) =>
      changes.first((c) => c.to === to && (from ?? c.from) === c.from),
    /** Resolves with the next change. */
    next() {
      const known = changes.messages.length;
      return changes.first((c) => changes.messages.indexOf(c) >= known);
    },
    [Symbol.dispose]: () => changes[Symbol.dispose](),
  };
}

/** A write or a deletion. */
export interface Happening {
  readonly type: "PUT" | "DELETE";
  readonly key: string;
  readonly value: string;
}

/** What happens to keys, from the first revision on. */
export interface History extends AsyncDisposable {
  readonly happenings: readonly Happening[];
  /** Resolves when what happened so far is as asked for. */
  until(asked: (all: readonly Happening[]) => boolean): Promise<void>;
  /** Resolves when so many of this kind have happened. */
  count(type: Happening["type"], times: number): Promise<void>;
}

/**
 * Follow what happens under a prefix, that of instances unless told otherwise:
 * by etcdctl, which asks for all from the start.
 */
export async function watchHistory(
  etcd: TestEtcd,
  prefix = PREFIX,
): Promise<History> {
  const { etcdctl } = await etcdBinaries();
  const program = startProgram({
    command: etcdctl,
    args: [
      ...[`--endpoints=${etcd.address}`, "watch", "--prefix", prefix],
      "--rev=1",
    ],
    env: { ETCDCTL_API: "3" },
  });
  const read = (): Happening[] => {
    const lines = program.lines.map(({ text }) => text);
    // Three lines each: type, key, value.
    const starts = [...lines.keys()].filter(
      (at) => /^(PUT|DELETE)$/.test(lines[at] ?? "") && at + 2 < lines.length,
    );
    return starts.map((at) => ({
      type: lines[at] === "PUT" ? "PUT" : "DELETE",
      key: lines[at + 1] ?? "",
      value: lines[at] === "PUT" ? (lines[at + 2] ?? "") : "",
    }));
  };
  const until = async (asked: (all: readonly Happening[]) => boolean) => {
    await program.line(() => asked(read()));
  };
  return {
    get happenings() {
      return read();
    },
    until,
    count: (type, times) =>
      until((all) => all.filter((one) => one.type === type).length >= times),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
