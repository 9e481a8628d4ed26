// Several etcd members that elect a leader, for tests that take one away.

import { etcdBinaries } from "../../scripts/etcd.ts";
import { makeTemporaryDir } from "./at-exit.ts";
import type { TestEtcd } from "./etcd.ts";
import { EtcdProcess } from "./etcd-process.ts";
import { freePorts } from "./ports.ts";
import { until } from "./until.ts";

/**
 * A cluster. Disposing of it kills all members and removes their data.
 */
export interface EtcdCluster extends AsyncDisposable {
  /**
   * Each with stop(), freeze(), thaw() and start() of its own. start() resolves
   * once the member answers linearizable reads, for which most members have to
   * run: start two at once with Promise.all(). Only "same data" will do: the
   * others refuse a member that has forgotten them.
   */
  readonly members: readonly TestEtcd[];
  /** "host:port" of all members, with commas between. */
  readonly addresses: string;
  /**
   * Wait until a running member leads and all running ones say so. Rejects
   * after 20 s, for example if most members are stopped or frozen.
   */
  leader(): Promise<TestEtcd>;
  /** The leader as leader() finds it, and those that run and follow it. */
  roles(): Promise<{ leader: TestEtcd; followers: TestEtcd[] }>;
  /**
   * Wait until a running member knows that there is no leader: an election
   * timeout (1 s) after it was left alone. Rejects after 20 s.
   */
  leaderless(member: TestEtcd): Promise<void>;
}

/** How a cluster is to be. */
export interface EtcdClusterOptions {
  /** More flags for each member: ["--election-timeout", "2000"]. */
  readonly flags?: readonly string[];
}

/**
 * Start a cluster of `size` members and wait until all of them answer.
 */
export async function startEtcdCluster(
  size = 3,
  options: EtcdClusterOptions = {},
): Promise<EtcdCluster> {
  await using starting = new AsyncDisposableStack();
  const created = await createMembers(size, options.flags ?? []);
  for (const member of created) starting.use(member);
  const started = created.map((member) => member.start());
  await Promise.allSettled(started);
  await Promise.all(started);
  const cluster = starting.move();
  const members: readonly TestEtcd[] = created;
  const roles = () => findRoles(members);
  return {
    members,
    addresses: members.map(({ address }) => address).join(","),
    leader: async () => (await roles()).leader,
    roles,
    async leaderless(member) {
      await until("the member has no leader", async () => {
        return (await member.status()).leaderId === undefined;
      });
    },
    [Symbol.asyncDispose]: () => cluster.disposeAsync(),
  };
}

async function createMembers(
  size: number,
  flags: readonly string[],
): Promise<EtcdProcess[]> {
  const binaries = await etcdBinaries();
  const clientPorts = await freePorts(size);
  const peerUrls = (await freePorts(size)).map(
    (port) => `http://127.0.0.1:${port}`,
  );
  const cluster = peerUrls.map((url, i) => `member-${i}=${url}`).join(",");
  const create = async (peerUrl: string, i: number) => {
    const address = `127.0.0.1:${clientPorts[i]}`;
    const dir = await makeTemporaryDir("etcd");
    return new EtcdProcess({
      ...{ binaries, dir, address, scheme: "http", ctlFlags: [] },
      flags: [
        ...["--name", `member-${i}`],
        ...["--listen-client-urls", `http://${address}`],
        ...["--advertise-client-urls", `http://${address}`],
        ...["--listen-peer-urls", peerUrl],
        ...["--initial-advertise-peer-urls", peerUrl],
        ...["--initial-cluster", cluster, ...flags],
      ],
    });
  };
  return Promise.all(peerUrls.map(create));
}

async function findRoles(
  members: readonly TestEtcd[],
): Promise<{ leader: TestEtcd; followers: TestEtcd[] }> {
  return until("a running member leads", async () => {
    const running = members.filter(({ state }) => state === "running");
    const answers = await Promise.all(
      running.map((member) => member.status().catch(() => undefined)),
    );
    const ids = answers.map((answer) => answer?.memberId);
    const leaders = new Set(answers.map((answer) => answer?.leaderId));
    const [leaderId] = leaders;
    const leader = leaderId && running[ids.indexOf(leaderId)];
    if (!leader || leaders.size > 1) return undefined;
    return { leader, followers: running.filter((one) => one !== leader) };
  });
}
