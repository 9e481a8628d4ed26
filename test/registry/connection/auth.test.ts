// etcd with authentication: tokens that etcd forgets, passwords that are wrong,
// roles that are missing. (S15)

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { instanceKey } from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import {
  collectFailures,
  createEnds,
  holds,
  instance,
  passThrough,
  until,
} from "./support.ts";

const password = "s3cret-of-the-mesh";
const account = { user: "mesh", password };

suite("etcd with authentication", { timeout: 90_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd({
      auth: { ...account, prefix: "/portolan/" },
      // Those of etcdctl count as well, but it brings a new one each time.
      flags: ["--auth-token-ttl", "2"],
    });
  });
  after(() => etcd[Symbol.asyncDispose]());

  test("S15: both ends go on when etcd was restarted and forgot all tokens", async () => {
    await using ends = createEnds({ hosts: [etcd.address], ...account });
    const registration = ends.registrar.register(instance("a"));
    await registration.registered;
    await until(ends, holds("a"));
    for (const round of ["b", "c"]) {
      const stale = until(ends, ({ freshness }) => freshness === "stale");
      await etcd.stop();
      await stale;
      await etcd.start();
      const seen = until(ends, ({ freshness, instances }) => {
        const ids = instances.map(({ id }) => id);
        return freshness === "synced" && ids.includes(round);
      });
      await ends.registrar.register(instance(round)).registered;
      await seen;
    }
    await until(ends, holds("a", "b", "c"));
    const gone = until(ends, holds("b", "c"));
    await registration.close();
    await gone;
  });

  test("a token that ran out is replaced, and nobody notices", async () => {
    await using ends = createEnds({ hosts: [etcd.address], ...account });
    await passThrough(ends, "first");
    using failures = collectFailures();
    // Renewals and the watch are streams, which do not keep a token alive.
    await tokenGone(etcd);
    await passThrough(ends, "second");
    assert.deepEqual(failures.all, []);
  });

  test("a wrong password is told once, and tried again until it is right", async () => {
    using failures = collectFailures();
    const given = { user: "mesh", password: "wr0ng" };
    await using ends = createEnds({ hosts: [etcd.address], ...given });
    const { registered } = ends.registrar.register(instance("late"));
    for (const role of ["registrar", "directory"] as const) {
      const { reason } = await failures.of(role);
      assert.equal("code" in reason && reason.code, "ERR_REGISTRY_DENIED");
      assert.match(
        reason.message,
        /^etcd at \S+ does not accept the user "mesh" with this password/,
      );
      assert.doesNotMatch(reason.message, /wr0ng/);
    }
    await changePassword(etcd, "mesh", "wr0ng");
    try {
      await registered;
      await until(ends, holds("late"));
    } finally {
      await changePassword(etcd, "mesh", password);
    }
    assert.deepEqual(failures.all.map(({ role }) => role).sort(), [
      "directory",
      "registrar",
    ]);
  });

  test("no user at all is refused with words that say so", async () => {
    using failures = collectFailures();
    await using _ends = createEnds({ hosts: [etcd.address] });
    const { reason } = await failures.of("directory");
    assert.match(reason.message, /asks for a user and password/);
  });

  test("keys that the role does not cover are told by prefix, and tried again until it does", async () => {
    using failures = collectFailures();
    const namespace = "/elsewhere";
    const options = { hosts: [etcd.address], namespace, ...account };
    await using ends = createEnds(options);
    const { registered } = ends.registrar.register(instance("granted"));
    for (const role of ["registrar", "directory"] as const) {
      const { reason } = await failures.of(role);
      assert.equal("code" in reason && reason.code, "ERR_REGISTRY_DENIED");
      assert.match(
        reason.message,
        /denies the user "mesh" the keys under \/elsewhere\/v1\/instances\//,
      );
    }
    const grant = ["--prefix=true", "mesh", "readwrite", `${namespace}/`];
    await etcd.etcdctl("role", "grant-permission", ...grant);
    await registered;
    await until(ends, holds("granted"));
    const key = instanceKey(instance("granted"), namespace);
    assert.notEqual(await etcd.etcdctl("get", "--keys-only", key), "");
  });

  test("a user is no obstacle where etcd asks for none, nor when it begins to", async () => {
    await using open = await startEtcd();
    await using ends = createEnds({ hosts: [open.address], ...account });
    await passThrough(ends, "before");
    await open.etcdctl("user", "add", `root:${password}`);
    await open.etcdctl("user", "grant-role", "root", "root");
    await open.etcdctl("user", "add", `mesh:${password}`);
    await open.etcdctl("user", "grant-role", "mesh", "root");
    await open.etcdctl("auth", "enable");
    await passThrough(ends, "since");
  });
});

// There is no event for it: tokens are dropped by a clock of etcd's own.
async function tokenGone(etcd: TestEtcd): Promise<void> {
  const login = await fetch(`${etcd.url}/v3/auth/authenticate`, {
    method: "POST",
    body: JSON.stringify({ name: "mesh", password }),
  });
  const { token } = (await login.json()) as { token: string };
  const key = Buffer.from("/portolan/x").toString("base64");
  for (let i = 0; i < 40; i++) {
    await setTimeout(3_000);
    const { status } = await fetch(`${etcd.url}/v3/kv/range`, {
      method: "POST",
      headers: { authorization: token },
      body: JSON.stringify({ key }),
    });
    if (status !== 200) return;
  }
  throw new Error("etcd never forgot the token");
}

async function changePassword(
  etcd: TestEtcd,
  user: string,
  to: string,
): Promise<void> {
  const login = await fetch(`${etcd.url}/v3/auth/authenticate`, {
    method: "POST",
    body: JSON.stringify({ name: "root", password }),
  });
  const { token } = (await login.json()) as { token: string };
  const answer = await fetch(`${etcd.url}/v3/auth/user/changepw`, {
    method: "POST",
    headers: { authorization: token },
    body: JSON.stringify({ name: user, password: to }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
