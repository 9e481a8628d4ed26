// etcdctl against the embedded etcd: a script of commands prints what it
// prints with a real etcd.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import { etcdBinaries } from "../../scripts/etcd.ts";
import { startEtcd } from "../support/etcd.ts";

/** A command line, with what it reads on standard input. */
interface Command {
  readonly args: readonly string[];
  readonly input?: string;
}

const SCRIPT: readonly Command[] = [
  { args: ["put", "k/1", "one"] },
  { args: ["put", "k/2", "two"] },
  { args: ["put", "k/1", "uno", "--prev-kv"] },
  { args: ["put", "k/3", "three"] },
  { args: ["put", "k/3", "--ignore-value"] },
  { args: ["put", "k/9", "--ignore-value"] },
  { args: ["get", "k/1"] },
  { args: ["get", "k/1", "--rev=2"] },
  { args: ["get", "k/1", "--rev=99"] },
  { args: ["get", "--prefix", "k/"] },
  { args: ["get", "--prefix", "k/", "--keys-only"] },
  { args: ["get", "--prefix", "k/", "--limit=2", "--print-value-only"] },
  { args: ["get", "--prefix", "k/", "--sort-by=modify", "--order=descend"] },
  { args: ["get", "--prefix", "k/", "--sort-by=version"] },
  { args: ["get", "--from-key", "k/2", "-w", "fields"] },
  { args: ["get", "k/1", "k/3", "-w", "json"] },
  {
    args: ["txn"],
    input: 'val("k/1") = "uno"\n\nput k/4 four\nget k/1\n\nput k/5 five\n\n',
  },
  {
    args: ["txn"],
    input: 'ver("k/2") > "9"\n\nput k/6 six\n\nget --prefix k/\ndel k/2\n\n',
  },
  { args: ["txn"], input: 'mod("k/1") = "4"\n\nput a 1\nput a 2\n\n\n' },
  { args: ["del", "k/3", "--prev-kv"] },
  { args: ["del", "nothing"] },
  { args: ["lease", "grant", "100"] },
  { args: ["put", "l/1", "leased", "--lease=<lease>"] },
  { args: ["put", "l/2", "leased", "--lease=<lease>"] },
  { args: ["put", "l/3", "leased", "--lease=123"] },
  { args: ["lease", "timetolive", "<lease>", "--keys"] },
  { args: ["lease", "keep-alive", "--once", "<lease>"] },
  { args: ["lease", "list"] },
  { args: ["lease", "revoke", "<lease>"] },
  { args: ["lease", "revoke", "<lease>"] },
  { args: ["lease", "timetolive", "<lease>"] },
  { args: ["lease", "keep-alive", "--once", "<lease>"] },
  { args: ["get", "--prefix", "l/", "-w", "json"] },
  { args: ["compaction", "5"] },
  { args: ["compaction", "5"] },
  { args: ["compaction", "500"] },
  { args: ["get", "k/1", "--rev=4"] },
  { args: ["get", "k/1", "--rev=5"] },
  { args: ["del", "--prefix", "k/"] },
  { args: ["get", "--prefix", "", "-w", "json"] },
  { args: ["endpoint", "health"] },
  { args: ["endpoint", "status"] },
  { args: ["member", "list"] },
  { args: ["alarm", "list"] },
];

describe("etcdctl prints with the embedded etcd what it prints with a real one", () => {
  test("for a script of commands", async () => {
    await using etcd = await startEtcd();
    await using embedded = await startEmbeddedEtcd();
    const [expected, actual] = await Promise.all([
      runScript(etcd.address),
      runScript(embedded.address),
    ]);
    for (const [index, { args }] of SCRIPT.entries()) {
      assert.deepEqual(actual[index], expected[index], args.join(" "));
    }
  });

  for (const args of [
    ["watch", "--prefix", "k/", "--rev=2", "--prev-kv"],
    ["watch", "--rev=2", "k/1"],
    ["watch", "--rev=2", "k/1", "k/3"],
  ]) {
    test(`for ${args.join(" ")}`, async () => {
      await using etcd = await startEtcd();
      await using embedded = await startEmbeddedEtcd();
      const [expected, actual] = await Promise.all([
        watchedBy(etcd.address, args),
        watchedBy(embedded.address, args),
      ]);
      assert.equal(actual, expected);
      assert.match(expected, /PUT\nk\/1\nuno\n/);
    });
  }

  test("for a watch from a compacted revision", async () => {
    await using etcd = await startEtcd();
    await using embedded = await startEmbeddedEtcd();
    const outputs = [];
    for (const { address } of [etcd, embedded]) {
      for (const value of ["1", "2", "3"]) {
        await etcdctl(address, { args: ["put", "k", value] });
      }
      await etcdctl(address, { args: ["compaction", "4"] });
      const watch = { args: ["watch", "--rev=2", "k"] };
      outputs.push(await etcdctl(address, watch));
    }
    const [expected, actual] = outputs;
    assert.deepEqual(actual, expected);
    assert.match(expected?.stderr ?? "", /compacted/);
  });
});

/** What each command of the script did, without what differs by nature. */
async function runScript(address: string): Promise<unknown[]> {
  const results: unknown[] = [];
  let lease = "";
  for (const { args, input } of SCRIPT) {
    const result = await etcdctl(address, {
      args: args.map((arg) => arg.replace("<lease>", lease)),
      ...(input !== undefined && { input }),
    });
    lease = /^lease (\w+) granted/.exec(result.stdout)?.[1] ?? lease;
    const normal = (text: string) => normalise(text, address, lease);
    results.push({
      stdout: normal(result.stdout),
      stderr: normal(result.stderr),
      code: result.code,
    });
  }
  return results;
}

function normalise(text: string, address: string, lease: string): string {
  return (
    text
      .split("\n")
      .filter((line) => !line.startsWith('{"level"'))
      .join("\n")
      .replaceAll(lease || "no lease yet", "<lease>")
      .replaceAll(address, "<address>")
      .replace(
        /(cluster_id"?:|member_id"?:|"ClusterID" : |"MemberID" : )\d+/g,
        "$1<id>",
      )
      .replace(/remaining\(\d+s\)/, "remaining(<time>)")
      // in no particular order
      .replace(/attached keys\(\[(.*)\]\)/, (_, keys: string) =>
        keys.split(" ").sort().join(" "),
      )
      .replace(/took = .*/, "took = <time>")
      // endpoint status: id, version, size and the position in the log
      .replace(
        /^<address>, \w+, 3\.4\.[^,]+, .* k?B, (.*), \d+, \d+, $/m,
        "<address>, $1",
      )
      // member list: id, name and peers
      .replace(/^\w+, started, \w+, \S*, /m, "<id>, started, <name>, ")
  );
}

/** Change some keys under a running watch, and return what it printed. */
async function watchedBy(
  address: string,
  args: readonly string[],
): Promise<string> {
  const put = (...rest: string[]) =>
    etcdctl(address, { args: ["put", ...rest] });
  await put("k/1", "one");
  const child = await spawnEtcdctl(address, args);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await until(child, () => output.includes("one\n"));
  await put("k/2", "two");
  await put("k/1", "uno");
  await etcdctl(address, { args: ["del", "k/2"] });
  await put("k/1", "the end");
  await until(child, () => output.includes("the end\n"));
  child.kill();
  await once(child, "exit");
  return output;
}

async function until(child: ChildProcess, condition: () => boolean) {
  const signal = AbortSignal.timeout(10_000);
  while (!condition()) {
    if (child.stdout === null) throw new Error("no output to wait for");
    await once(child.stdout, "data", { signal });
  }
}

async function etcdctl(address: string, { args, input }: Command) {
  const child = await spawnEtcdctl(address, args);
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  child.stdin?.end(input);
  const [code] = await once(child, "close");
  return { ...output, code: code as number | null };
}

async function spawnEtcdctl(
  address: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const { etcdctl } = await etcdBinaries();
  return spawn(etcdctl, [`--endpoints=${address}`, ...args], {
    env: { ...process.env, ETCDCTL_API: "3" },
    timeout: 20_000,
  });
}
