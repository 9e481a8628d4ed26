// A service that neither the gateway nor its tests ever saw: its contract and
// its code are made here, and it starts when the gateway is up already.

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { buf, curl } from "../support/command.ts";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import { generateIn } from "../support/generate.ts";
import { callJson, transports } from "../support/json-call.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import {
  type Running,
  type RunningService,
  startGateway,
  startService,
} from "../support/system.ts";
import { until } from "../support/until.ts";

const ship = { name: "Berrio", kind: "KIND_CARAVEL" };
const arrival = { ship, at: "1497-07-08T12:00:00Z" };
const berth = { berth: "Berrio at the old quay", at: "1497-07-08T12:00:00Z" };

suite("a service that nobody has seen before", { timeout: 90_000 }, () => {
  let project: TestProject;
  let etcd: TestEtcd;
  let gateway: Running;
  let harbor: RunningService;
  let arrive: DescMethod;

  before(async () => {
    [project, etcd] = await Promise.all([
      makeProject({ first: "unseen", second: "unseen" }),
      startEtcd(),
    ]);
    gateway = await startGateway({ etcd: etcd.address });
    await generateIn(join(project.dir, "first"));
    arrive = await methodOf("first", "arrive");
    harbor = await startUnseen("first/main.ts");
    await learnedFrom(harbor);
  });

  after(async () => {
    await harbor?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    await project?.[Symbol.asyncDispose]();
  });

  function startUnseen(main: string): Promise<RunningService> {
    return startService(join(project.dir, main), { etcd: etcd.address });
  }

  /** A method of the harbor, as the code generated in a folder describes it. */
  async function methodOf(folder: string, name: string): Promise<DescMethod> {
    const generated = "gen/harbor/v1/harbor_pb.ts";
    const module = await import(join(project.dir, folder, generated));
    const { method } = module.HarborService as DescService;
    assert.ok(method[name]);
    return method[name];
  }

  /** Wait until the gateway knows the schema of an instance. */
  async function learnedFrom({ id }: RunningService): Promise<void> {
    await gateway.program.line(
      ({ fields }) => fields["msg"] === "schema learned" && fields["id"] === id,
    );
  }

  function postJson(path: string, body: unknown) {
    const type = "content-type: application/json";
    return curl("-H", type, "-d", JSON.stringify(body), gateway.url + path);
  }

  function bufCurl(method: string, body: unknown) {
    const url = `${gateway.url}/harbor.v1.HarborService/${method}`;
    return buf("curl", url, "-d", JSON.stringify(body));
  }

  /** How many calls of Arrive an instance has logged. */
  function countArrivals({ program }: RunningService): number {
    const method = "harbor.v1.HarborService/Arrive";
    return program.lines.filter(({ fields }) => fields["method"] === method)
      .length;
  }

  for (const [protocol, createTransport] of Object.entries(transports)) {
    test(`is reached by ${protocol}`, async () => {
      const transport = createTransport(gateway.url);
      assert.deepEqual(await callJson(transport, arrive, arrival), berth);
    });
  }

  for (const place of ["gateway", "service"] as const) {
    test(`is reached by REST at the ${place}`, async () => {
      const { url } = place === "gateway" ? gateway : harbor;
      const type = "content-type: application/json";
      const data = JSON.stringify(arrival);
      const path = "/harbor/arrivals";
      const { status, body } = await curl("-H", type, "-d", data, url + path);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(body), berth);
    });
  }

  test("is reached by buf curl, without a flag that tells the schema", async () => {
    const { code, stdout, stderr } = await bufCurl("Arrive", arrival);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), berth);
  });

  test("keeps its REST path when a second service claims it", async () => {
    await using lighthouse = await startUnseen("first/lighthouse.ts");
    await learnedFrom(lighthouse);
    const { fields } = await gateway.program.line(
      ({ fields }) => fields["claims"] === "lighthouse.v1.LighthouseService",
    );
    assert.equal(fields["path"], "/harbor/arrivals");
    assert.equal(fields["keeps"], "harbor.v1.HarborService");

    const rest = await postJson("/harbor/arrivals", arrival);
    assert.deepEqual(JSON.parse(rest.body), berth);
    const rpc = await postJson("/lighthouse.v1.LighthouseService/Sight", {});
    assert.equal(rpc.body, '{"signal":"one long, two short"}');
  });

  test("is replaced by its next version, which has one more method", async () => {
    const second = join(project.dir, "second");
    const contract = join(second, "proto/harbor/v1/harbor.proto");
    await cp(join(second, "next/harbor.proto"), contract);
    await generateIn(second);
    await using first = harbor;
    harbor = await startUnseen("second/main.ts");
    await learnedFrom(harbor);

    const [first0, second0] = [countArrivals(first), countArrivals(harbor)];
    for (let n = 0; n < 4; n++) {
      const { body } = await postJson("/harbor/arrivals", arrival);
      assert.deepEqual(JSON.parse(body), berth);
    }
    await until("both versions have logged two of four calls", () => {
      const counts = [countArrivals(first), countArrivals(harbor)];
      return counts[0] === first0 + 2 && counts[1] === second0 + 2;
    });
    const listed = await buf("curl", gateway.url, "--list-methods");
    assert.match(listed.stdout, /^harbor\.v1\.HarborService\/Depart$/m);

    assert.equal(await first.program.stop(), 0);
    // The news of that may take a moment, in which every other call would fail.
    await until("only the next version is asked", async () => {
      const one = await postJson("/harbor/departures", { ship });
      const other = await postJson("/harbor/departures", { ship });
      return one.status === 200 && other.status === 200;
    });
    const { stdout, stderr } = await bufCurl("Depart", { ship });
    const farewell = { farewell: "Farewell Berrio" };
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), farewell);
    const depart = await methodOf("second", "depart");
    for (const createTransport of Object.values(transports)) {
      const transport = createTransport(gateway.url);
      const answer = await callJson(transport, depart, { ship });
      assert.deepEqual(answer, farewell);
    }
    const again = await postJson("/harbor/arrivals", arrival);
    assert.deepEqual(JSON.parse(again.body), berth);
  });

  test("is unavailable in every protocol once it has stopped", async () => {
    assert.equal(await harbor.program.stop(), 0);
    const message = "no instance of harbor.v1.HarborService is available";
    const rest = await until("the gateway has heard that it left", async () => {
      const answer = await postJson("/harbor/arrivals", arrival);
      return answer.body.includes(message) && answer;
    });
    assert.equal(rest.status, 503);
    assert.deepEqual(JSON.parse(rest.body), { code: "unavailable", message });

    for (const [protocol, createTransport] of Object.entries(transports)) {
      const transport = createTransport(gateway.url);
      const isUnavailable = (error: unknown) => {
        assert.ok(error instanceof ConnectError);
        assert.equal(error.code, Code.Unavailable, protocol);
        assert.equal(error.rawMessage, message);
        return true;
      };
      // Several times: the answer may come before the request is sent.
      for (let n = 0; n < 10; n++)
        await assert.rejects(
          callJson(transport, arrive, arrival),
          isUnavailable,
        );
    }
    // buf curl still finds the schema; it exits with the code, times eight.
    const { code, stderr } = await bufCurl("Arrive", arrival);
    assert.equal(code, Code.Unavailable * 8, stderr);
    assert.match(stderr, /"unavailable"/);
  });
});
