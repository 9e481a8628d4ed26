// The mesh client in front of real services: it finds them, takes them in turn,
// and follows those that leave and come back.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { jwtVerify } from "jose";
import { UserService } from "../../gen/user/v1/user_pb.ts";
import {
  createMeshTransport,
  type MeshTransportOptions,
} from "../../mesh/client/index.ts";
import {
  createEtcdDirectory,
  type Directory,
} from "../../mesh/registry/index.ts";
import { makeUserFiles, type UserFiles } from "../support/accounts.ts";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import { freePorts } from "../support/ports.ts";
import { type RunningService, startService } from "../support/system.ts";
import { until } from "../support/until.ts";

const SERVICE = UserService.typeName;

suite("six logins through the mesh client", () => {
  let files: UserFiles;
  let etcd: TestEtcd;
  let directory: Directory;
  let ports: number[];
  /** By instance id. */
  const instances = new Map<string, RunningService>();

  before(async () => {
    [files, etcd, ports] = await Promise.all([
      makeUserFiles(),
      startEtcd(),
      freePorts(3),
    ]);
    await Promise.all(["user-1", "user-2", "user-3"].map(startUser));
    directory = createEtcdDirectory({ hosts: [etcd.address] });
  });

  after(async () => {
    await directory?.close();
    for (const instance of instances.values())
      await instance[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  });

  /** Always with the same id at the same address, as an operator would. */
  async function startUser(id: string): Promise<void> {
    const port = ports[Number(id.at(-1)) - 1];
    const listen = ["--listen", `127.0.0.1:${port}`];
    // Serves on while the news of its departure is on the way.
    const delay = ["--drain-delay", "500ms"];
    const flags = [...files.flags, "--id", id, ...listen, ...delay];
    const options = { etcd: etcd.address, flags };
    instances.set(id, await startService("services/user/main.ts", options));
  }

  /** Resolves when the directory lists just these as serving. */
  function listed(...ids: string[]): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = directory.subscribe(({ serving }) => {
        const now = serving.get(SERVICE)?.map(({ id }) => id) ?? [];
        if (now.join() !== ids.join()) return;
        resolve();
        queueMicrotask(() => unsubscribe());
      });
    });
  }

  /** How many logins each instance has logged since it started. */
  function countLogins(): Record<string, number> {
    return Object.fromEntries(
      Array.from(instances, ([id, { program }]) => [
        id,
        program.lines.filter(
          ({ fields }) =>
            fields["method"] === `${SERVICE}/Login` && fields["code"] === "ok",
        ).length,
      ]),
    );
  }

  /** Log in six times and tell which instances have answered how often. */
  async function logInSixTimes(
    transport: ReturnType<typeof createMeshTransport>,
  ): Promise<Record<string, number>> {
    const client = createClient(UserService, transport);
    const earlier = countLogins();
    const { account, password } = files;
    for (let n = 1; n <= 6; n++) {
      const { token } = await client.login({ account, password });
      await verify(token);
    }
    const since = () =>
      Object.entries(countLogins()).map(
        ([id, count]) => [id, count - (earlier[id] ?? 0)] as const,
      );
    // A line may come later than the answer that it is about.
    await until(
      "all logins are logged",
      () => since().reduce((sum, [, count]) => sum + count, 0) >= 6,
    );
    return Object.fromEntries(since());
  }

  async function verify(token: string): Promise<void> {
    const { payload, protectedHeader } = await jwtVerify(token, files.key, {
      algorithms: ["HS256"],
    });
    assert.deepEqual(protectedHeader, { alg: "HS256", typ: "JWT" });
    const { iat = 0, nbf, exp, ...claims } = payload;
    const expected = { Name: "Aoho", DcId: 7, iss: "portolan", sub: "login" };
    assert.deepEqual(claims, expected);
    assert.equal(nbf, iat);
    assert.equal(exp, iat + 3600);
  }

  test("reach each of three instances exactly twice, and every token verifies", async () => {
    await using transport = createMeshTransport({ etcd: etcd.address });
    const logins = await logInSixTimes(transport);
    assert.deepEqual(logins, { "user-1": 2, "user-2": 2, "user-3": 2 });
  });

  test("succeed on two when one has stopped, and use it again when it is back", async () => {
    await using transport = createMeshTransport({ directory });
    await listed("user-1", "user-2", "user-3");
    await logInSixTimes(transport); // so that it is connected to all

    assert.equal(await instances.get("user-2")?.program.stop(), 0);
    await listed("user-1", "user-3");
    const on2 = await logInSixTimes(transport);
    assert.deepEqual(on2, { "user-1": 3, "user-2": 0, "user-3": 3 });

    await startUser("user-2");
    await listed("user-1", "user-2", "user-3");
    const on3 = await logInSixTimes(transport);
    assert.deepEqual(on3, { "user-1": 2, "user-2": 2, "user-3": 2 });
  });

  test("all succeed while one is stopped in their midst", async () => {
    await using transport = createMeshTransport({ etcd: etcd.address });
    const leaving = instances.get("user-3");
    const stopped = leaving?.program.stop();
    const logins = await logInSixTimes(transport);
    assert.equal(await stopped, 0);
    const total = Object.values(logins).reduce((sum, count) => sum + count);
    assert.equal(total, 6);
  });

  const kinds: Pick<MeshTransportOptions, "protocol" | "httpVersion">[] = [
    { protocol: "grpc" },
    { protocol: "grpc-web" },
    { protocol: "connect" },
    { protocol: "grpc-web", httpVersion: "1.1" },
    { protocol: "connect", httpVersion: "1.1" },
  ];
  for (const kind of kinds)
    test(`succeed by ${kind.protocol} over HTTP/${kind.httpVersion ?? "2"}`, async () => {
      await using transport = createMeshTransport({ directory, ...kind });
      const logins = await logInSixTimes(transport);
      const answered = Object.values(logins).filter((count) => count > 0);
      assert.deepEqual(answered, [3, 3]);
    });

  test("all succeed while one that was killed is still listed", async () => {
    await listed("user-1", "user-2");
    await instances.get("user-2")?.program.stop("SIGKILL");
    await using transport = createMeshTransport({ directory });
    await listed("user-1", "user-2");
    const logins = await logInSixTimes(transport);
    assert.deepEqual(logins, { "user-1": 6, "user-2": 0, "user-3": 0 });
  });
});
