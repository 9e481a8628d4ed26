// Flags of every program: help, and wrong ones, each refused with one line
// that says what is wrong and with exit code 2.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runScript } from "../support/command.ts";

const cli = "cli/main.ts";
const programs = {
  greeter: ["services/greeter/main.ts"],
  say: ["services/say/main.ts"],
  user: ["services/user/main.ts"],
  "portolan gateway": [cli, "gateway"],
  "portolan list": [cli, "list"],
  "portolan describe": [cli, "describe"],
  "portolan registry": [cli, "registry"],
  "portolan dev": [cli, "dev"],
} as const;

type ProgramName = keyof typeof programs;

const flagsOf: Readonly<Record<ProgramName, readonly string[]>> = {
  greeter: ["listen", "advertise", "etcd", "name", "id", "drain-delay", "rate"],
  say: ["listen", "version"],
  user: ["listen", "etcd"],
  "portolan gateway": ["listen", "etcd", "cors-origin", "drain-timeout"],
  "portolan list": ["etcd", "json"],
  "portolan describe": ["etcd", "json"],
  "portolan registry": ["listen"],
  "portolan dev": ["listen", "etcd", "watch"],
};

interface Wrong {
  readonly program: ProgramName;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the line must name. */
  readonly says: RegExp;
}

const wrong: readonly Wrong[] = [
  { program: "greeter", flags: ["--nonsense"], says: /--nonsense/ },
  { program: "greeter", flags: ["surplus"], says: /surplus/ },
  { program: "greeter", flags: ["--listen"], says: /--listen/ },
  {
    program: "greeter",
    flags: ["--listen", "8080"],
    says: /--listen: "8080" is not host:port/,
  },
  {
    program: "greeter",
    flags: ["--listen", "::1:8080"],
    says: /\[::1\]:8881/,
  },
  {
    program: "greeter",
    flags: ["--listen", "192.0.2.1:0"],
    says: /can't listen on 192\.0\.2\.1:0/,
  },
  {
    program: "greeter",
    flags: ["--advertise", "here"],
    says: /--advertise: "here" is not host:port/,
  },
  {
    program: "greeter",
    flags: ["--etcd", "127.0.0.1:2379,there"],
    says: /--etcd: "there" is not host:port/,
  },
  { program: "greeter", flags: ["--name", "a/b"], says: /--name: "a\/b"/ },
  { program: "greeter", flags: ["--name", ""], says: /--name/ },
  {
    program: "greeter",
    flags: ["--drain-delay", "3"],
    says: /--drain-delay: "3" is not a duration/,
  },
  {
    program: "greeter",
    flags: ["--drain-timeout", "-1s"],
    says: /--drain-timeout/,
  },
  { program: "greeter", flags: ["--rate", "0"], says: /--rate: "0"/ },
  {
    program: "greeter",
    flags: [],
    env: { PORTOLAN_LISTEN: "nowhere" },
    says: /PORTOLAN_LISTEN: "nowhere"/,
  },
  {
    program: "greeter",
    flags: [],
    env: { PORTOLAN_ETCD: "nowhere" },
    says: /PORTOLAN_ETCD: "nowhere"/,
  },
  { program: "user", flags: [], says: /--\S+ .*is required/ },
  {
    program: "portolan gateway",
    flags: ["--listen", "host:"],
    says: /--listen: "host:"/,
  },
  {
    program: "portolan gateway",
    flags: ["--cors-origin", "example.com"],
    says: /--cors-origin: "example\.com" is not an origin/,
  },
  {
    program: "portolan gateway",
    flags: ["--drain-delay", "soon"],
    says: /--drain-delay: "soon"/,
  },
  { program: "portolan list", flags: ["--etcd", "x"], says: /--etcd: "x"/ },
  { program: "portolan list", flags: ["greeter"], says: /greeter/ },
  { program: "portolan describe", flags: [], says: /describe <service>/ },
  { program: "portolan describe", flags: ["a", "b"], says: /name one service/ },
  {
    program: "portolan registry",
    flags: ["--listen", "x"],
    says: /--listen: "x"/,
  },
  {
    program: "portolan registry",
    flags: ["--listen", "0.0.0.0:0"],
    says: /loopback/,
  },
  { program: "portolan dev", flags: ["--listen", "x"], says: /--listen: "x"/ },
  { program: "portolan dev", flags: ["--etcd", "x"], says: /--etcd: "x"/ },
  {
    program: "portolan dev",
    flags: ["no/such/main.ts"],
    says: /no\/such\/main\.ts/,
  },
];

// Each start costs a third of a second of processor time.
suite("flags", { concurrency: 4 }, () => {
  for (const [name, args] of Object.entries(programs)) {
    test(`${name} --help explains its flags and exits 0`, async () => {
      const { code, stdout, stderr } = await runScript([...args, "--help"]);
      assert.equal(stderr, "");
      assert.equal(code, 0);
      const own = flagsOf[name as ProgramName];
      for (const flag of [...own, "help"])
        assert.match(stdout, new RegExp(`^  --${flag}\\b`, "m"));
    });
  }

  for (const { program, flags, env, says } of wrong) {
    const variables = Object.entries(env ?? {}).map(([k, v]) => `${k}=${v}`);
    const typed = [...variables, program, ...flags].join(" ");
    test(`${typed} is refused in one line`, async () => {
      const args = [...programs[program], ...flags];
      const { code, stdout, stderr } = await runScript(args, env);
      assert.match(stderr, says);
      assert.match(stderr, /^.+\n$/, "it is not one line");
      assert.ok(stderr.startsWith(`${program}: `), stderr);
      assert.equal(stdout, "");
      assert.equal(code, 2);
    });
  }

  test("portolan --help names every command and exits 0", async () => {
    const { code, stdout } = await runScript([cli, "--help"]);
    for (const name of ["dev", "gateway", "registry", "list"])
      assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    assert.equal(code, 0);
  });

  test("portolan without a command prints its help and exits 2", async () => {
    const { code, stdout } = await runScript([cli]);
    assert.match(stdout, /Usage: portolan <command>/);
    assert.equal(code, 2);
  });

  test("an unknown command is refused with those there are", async () => {
    for (const name of ["serve", "toString", "--version"]) {
      const { code, stderr } = await runScript([cli, name]);
      assert.match(stderr, /^portolan .*dev, gateway, registry, list.*\n$/);
      assert.equal(code, 2);
    }
  });

  test("an etcd that is not there is told by portolan list", async () => {
    const list = [cli, "list", "--etcd", "127.0.0.1:1"];
    const { code, stderr } = await runScript(list);
    assert.match(
      stderr,
      /^portolan list: etcd at 127\.0\.0\.1:1 did not .*\n$/,
    );
    assert.equal(code, 1);
  });
});
