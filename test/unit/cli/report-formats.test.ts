// The whole text, as people and programs get it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatDetails } from "../../../cli/report-details.ts";
import { formatJson } from "../../../cli/report-json.ts";
import { formatTable } from "../../../cli/report-table.ts";
import { Protocol } from "../../../core/index.ts";
import { DIGEST, greeter, NOW_MS, nonsense, report } from "./reports.ts";

const ghost = greeter(
  {
    id: "22",
    version: "1.2.3",
    schemaDigest: "",
    services: ["a.v1.A", "b.v1.B", "c.v1.C", "d.v1.D"],
  },
  { lease: undefined, state: "no lease" },
);
delete ghost.instance.startedAt;

describe("formatTable()", () => {
  test("aligns its columns and shortens what is long", () => {
    assert.equal(
      formatTable(report([greeter(), ghost]), NOW_MS),
      `\
NAME     ID  ADDRESS         VERSION  STATE     AGE     LEASE LEFT  RENEWED  SCHEMA    SERVICES
greeter  1   127.0.0.1:8881  -        live      3m 12s  12s of 15s  3s ago   01234567  greeter.v1.GreeterService
greeter  22  127.0.0.1:8881  1.2.3    no lease  -       -           -        -         a.v1.A, b.v1.B and 2 more
`,
    );
  });

  test("says when there is nothing", () => {
    assert.equal(
      formatTable(report([]), NOW_MS),
      "No instance is registered.\n",
    );
  });

  test("tells what nobody can read, and why", () => {
    assert.equal(
      formatTable(report([], [nonsense]), NOW_MS),
      `\
No instance is registered.

Skipped by everybody, because they are no instance records:
  /portolan/v1/instances/greeter/x  not an instance record
`,
    );
  });
});

describe("formatDetails()", () => {
  test("tells everything that is not empty", () => {
    const one = greeter({
      protocols: [Protocol.GRPC, Protocol.GRPC_WEB, Protocol.CONNECT],
      weight: 3,
      zone: "eu-1",
      metadata: { team: "sea" },
    });
    assert.equal(
      formatDetails("greeter", report([one]), NOW_MS),
      `\
greeter: 1 instance (1 live)

greeter/1
  state           live: its lease is renewed on time
  says of itself  serving
  address         127.0.0.1:8881
  started         2026-01-02T03:00:53.000Z (3m 12s ago)
  lease           3e01, 12s of 15s left, renewed 3s ago
  services        greeter.v1.GreeterService
  schema          ${DIGEST}
  protocols       gRPC, gRPC-Web, Connect
  weight          3
  zone            eu-1
  metadata team   sea
  key             /portolan/v1/instances/greeter/1
  revision        7
`,
    );
  });

  test("counts states and different schemas", () => {
    const text = formatDetails("x", report([greeter(), ghost]), NOW_MS);
    assert.match(
      text,
      /^x: 2 instances \(1 live, 1 no lease\), 2 different schemas\n/,
    );
  });
});

describe("formatJson()", () => {
  test("has the documented shape", () => {
    const text = formatJson(report([greeter(), ghost], [nonsense]), NOW_MS);
    const { instances, ...rest } = JSON.parse(text);
    assert.deepEqual(rest, {
      prefix: "/portolan/v1/instances/",
      revision: "9",
      malformed: [
        {
          key: "/portolan/v1/instances/greeter/x",
          revision: "8",
          lease: null,
          reason: "not an instance record",
          value: "nonsense",
        },
      ],
    });
    const [one, two] = instances;
    assert.equal(one.record.schemaDigest, DIGEST);
    delete one.record;
    assert.deepEqual(one, {
      key: "/portolan/v1/instances/greeter/1",
      revision: "7",
      state: "live",
      lease: {
        id: "3e01",
        grantedSeconds: 15,
        leftSeconds: 12,
        sinceRenewalSeconds: 3,
      },
      startedAt: "2026-01-02T03:00:53.000Z",
      ageSeconds: 192,
    });
    const { lease, startedAt, ageSeconds, state } = two;
    assert.deepEqual(
      { lease, startedAt, ageSeconds, state },
      { lease: null, startedAt: null, ageSeconds: null, state: "no lease" },
    );
  });
});
