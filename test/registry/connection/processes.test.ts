// Services, gateway and commands as real processes that reach etcd over TLS,
// with a client certificate, a user and a namespace; and what they refuse.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { runScript } from "../../support/command.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { freePorts } from "../../support/ports.ts";
import { type Program, startProgram } from "../../support/program.ts";
import {
  schemaLearned,
  startGateway,
  startService,
} from "../../support/system.ts";

const cli = "cli/main.ts";
const greeter = "services/greeter/main.ts";
const password = "s3cret-of-the-mesh";
const env = { PORTOLAN_ETCD_PASSWORD: password };

suite("processes that reach etcd over TLS as a user", {
  timeout: 90_000,
}, () => {
  let certificates: Certificates;
  let etcd: TestEtcd;
  let flags: readonly string[];
  before(async () => {
    certificates = await makeCertificates();
    const { caFile, client, server } = certificates;
    etcd = await startEtcd({
      tls: { caFile, ...server, requireClientCert: true },
      auth: { user: "mesh", password, prefix: "/acme/" },
    });
    flags = [
      ...["--etcd-ca", caFile, "--etcd-user", "mesh"],
      ...["--etcd-cert", client.certFile, "--etcd-key", client.keyFile],
      ...["--namespace", "/acme"],
    ];
  });
  after(async () => {
    await etcd[Symbol.asyncDispose]();
    await certificates[Symbol.asyncDispose]();
  });

  test("a service registers, the gateway calls it, portolan list shows it, and nobody shows the password", async () => {
    const options = { etcd: etcd.address, flags, env };
    await using gateway = await startGateway(options);
    await using service = await startService(greeter, options);
    await schemaLearned(gateway, "greeter.v1.GreeterService");
    assert.equal(await greet(gateway.url), 200);
    const key = `/acme/v1/instances/greeter/${service.id}`;
    assert.match(await etcd.etcdctl("get", "--keys-only", key), /greeter/);

    const list = [cli, "list", "--etcd", etcd.address, ...flags];
    const { code, stdout, stderr } = await runScript(list, env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(service.id));

    // Restarted: all tokens are gone.
    const synced = countLines(gateway.program, "registry synced");
    await etcd.stop();
    await gateway.program.line(
      ({ fields }) => fields["msg"] === "registry stale",
    );
    await etcd.start();
    await gateway.program.line(
      () => countLines(gateway.program, "registry synced") > synced,
    );
    assert.equal(await greet(gateway.url), 200);

    const { program } = service;
    for (const { process } of [gateway.program, program]) {
      const args = await readFile(`/proc/${process.pid}/cmdline`, "utf8");
      assert.match(args, /--etcd-user/);
      assert.ok(!args.includes(password));
    }
    assert.equal(await program.stop(), 0);
    assert.equal(await gateway.program.stop(), 0);
    const printed = [...gateway.program.lines, ...program.lines];
    for (const { text } of printed) assert.ok(!text.includes(password), text);
    assert.ok(!`${stdout}${stderr}`.includes(password));
  });

  test("a wrong password is told in a log line that does not show it", async () => {
    const given = { PORTOLAN_ETCD_PASSWORD: "wr0ng-one" };
    await using program = startProgram({
      args: [
        ...[greeter, "--etcd", etcd.address, ...flags],
        ...["--drain-delay", "0"],
      ],
      env: given,
    });
    const { text } = await program.line(({ text }) =>
      /does not accept the user .*mesh.* with this password/.test(text),
    );
    assert.ok(!text.includes("wr0ng-one"));
    assert.equal(await program.stop(), 0);

    const list = [cli, "list", "--etcd", etcd.address, ...flags];
    const { code, stderr } = await runScript(list, given);
    assert.equal(code, 1);
    assert.match(stderr, /^.*does not accept the user "mesh".*\n$/m);
    assert.ok(!stderr.includes("wr0ng-one"));
  });

  test("portolan dev passes all of it on to its services", async () => {
    const [port] = await freePorts(1);
    await using dev = startProgram({
      args: [
        ...[cli, "dev", greeter, "--listen", `127.0.0.1:${port}`],
        ...["--etcd", etcd.address, ...flags],
      ],
      env,
    });
    await dev.line(({ text }) => text.includes("Portolan is up"));
    assert.equal(await greet(`http://127.0.0.1:${port}`), 200);
    assert.equal(await dev.stop("SIGINT"), 0);
    for (const { text } of dev.lines) assert.ok(!text.includes(password), text);
  });

  test("portolan dev without --etcd is not confused by what the environment says of one", async () => {
    const [port] = await freePorts(1);
    await using dev = startProgram({
      args: [cli, "dev", greeter, "--listen", `127.0.0.1:${port}`],
      env: {
        PORTOLAN_ETCD_CA: certificates.caFile,
        PORTOLAN_ETCD_USER: "mesh",
        PORTOLAN_ETCD_PASSWORD: password,
        PORTOLAN_NAMESPACE: "/acme",
      },
    });
    await dev.line(({ text }) => text.includes("Portolan is up"));
    assert.equal(await greet(`http://127.0.0.1:${port}`), 200);
    assert.equal(await dev.stop("SIGINT"), 0);
  });
});

interface Wrong {
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const wrong: readonly Wrong[] = [
  {
    flags: ["--etcd-cert", "x.crt"],
    says: /--etcd-cert \(or PORTOLAN_ETCD_CERT\) is given without --etcd-key/,
  },
  { flags: ["--etcd-key", "x"], says: /--etcd-key .*without --etcd-cert/ },
  { flags: ["--etcd-user", "x"], says: /without PORTOLAN_ETCD_PASSWORD/ },
  {
    flags: [],
    env: { PORTOLAN_ETCD_PASSWORD: "s3cret" },
    says: /PORTOLAN_ETCD_PASSWORD is given without --etcd-user/,
  },
  { flags: ["--etcd-password", "x"], says: /Unknown option/ },
  { flags: ["--etcd-ca", "/no/ca"], says: /can't read \/no\/ca/ },
  { flags: ["--etcd-ca", "README.md"], says: /README\.md.*no certificate/ },
  {
    flags: ["--etcd-cert", "/no/cert", "--etcd-key", "/no/key"],
    says: /can't read \/no\/cert/,
  },
  {
    flags: ["--etcd", "https://127.0.0.1:1,127.0.0.1:2"],
    says: /https:\/\/ must stand before all/,
  },
  { flags: ["--etcd", "https://x"], says: /--etcd: "x" is not host:port/ },
  { flags: ["--namespace", "acme"], says: /--namespace: "acme"/ },
  { flags: ["--namespace", "/acme/"], says: /--namespace: "\/acme\/"/ },
  {
    flags: [],
    env: { PORTOLAN_NAMESPACE: "x" },
    says: /PORTOLAN_NAMESPACE: "x"/,
  },
];

const programs: Readonly<Record<string, readonly string[]>> = {
  greeter: [greeter, "--listen", "127.0.0.1:0"],
  "portolan gateway": [cli, "gateway", "--listen", "127.0.0.1:0"],
  "portolan list": [cli, "list"],
  "portolan dev": [cli, "dev", "--etcd", "127.0.0.1:1"],
};

suite("flags that say how to reach etcd", { concurrency: 2 }, () => {
  const names = Object.keys(programs);
  for (const [i, { flags, env, says }] of wrong.entries()) {
    // One table, one function behind it: the programs take turns.
    const name = names[i % names.length] ?? "";
    const set = Object.entries(env ?? {}).map(([key]) => key);
    test(`${[...set, name, ...flags].join(" ")} is refused in one line`, async () => {
      const args = [...(programs[name] ?? []), ...flags];
      const { code, stdout, stderr } = await runScript(args, env);
      assert.match(stderr, says);
      assert.match(stderr, /^.+\n$/, "it is not one line");
      assert.ok(stderr.startsWith(`${name}: `), stderr);
      assert.ok(!stderr.includes("s3cret"));
      assert.equal(stdout, "");
      assert.equal(code, 2);
    });
  }

  for (const [name, args] of Object.entries(programs)) {
    test(`${name} --help explains them`, async () => {
      const { stdout } = await runScript([...args, "--help"]);
      for (const flag of ["", "-ca", "-cert", "-key", "-user"])
        assert.match(stdout, new RegExp(`^  --etcd${flag} `, "m"));
      assert.match(stdout, /^ {2}--namespace .*\[default \/portolan/ms);
      assert.match(stdout, /^ {2}PORTOLAN_ETCD_PASSWORD +The password/m);
      assert.doesNotMatch(stdout, /--etcd-password/);
    });
  }

  test("a gateway with a fixed list alone asks no etcd", async () => {
    await using etcd = await startEtcd();
    await using service = await startService(greeter, { etcd: etcd.address });
    const fixed = `greeter.v1.GreeterService=${service.address}`;
    await using gateway = startProgram({
      args: [
        ...[cli, "gateway", "--listen", "127.0.0.1:0"],
        ...["--static", fixed, "--drain-delay", "0"],
      ],
    });
    const { fields } = await gateway.line(
      (line) => line.fields["msg"] === "listening",
    );
    const url = `http://${String(fields["address"])}`;
    assert.equal(await greet(url), 200);
    assert.equal(await gateway.stop(), 0);
    const texts = gateway.lines.map(({ text }) => text).join("\n");
    assert.doesNotMatch(texts, /unreachable/);
  });
});

async function greet(url: string): Promise<number> {
  const answer = await fetch(`${url}/greeter.v1.GreeterService/Hello`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "john" }),
  });
  await answer.text();
  return answer.status;
}

function countLines(program: Program, msg: string): number {
  return program.lines.filter(({ fields }) => fields["msg"] === msg).length;
}
