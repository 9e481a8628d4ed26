import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  describeFlags,
  PortolanError,
  parseAddress,
  parseFlags,
  parseNumber,
  parseSwitch,
  parseText,
} from "../../../core/index.ts";

const flags = {
  listen: {
    placeholder: "host:port",
    description: "Where to listen.",
    env: "TEST_LISTEN",
    default: "127.0.0.1:0",
    parse: parseAddress,
  },
  name: { placeholder: "NAME", description: "A name.", parse: parseText },
  key: {
    placeholder: "FILE",
    description: "A key.",
    env: "TEST_KEY",
    required: true,
    parse: parseText,
  },
  rate: { placeholder: "N", description: "A rate.", parse: parseNumber(1) },
  watch: { description: "A switch.", env: "TEST_WATCH", parse: parseSwitch },
} as const;

function parse(args: string[], env: Record<string, string> = {}) {
  return parseFlags(flags, { args: ["--key", "k", ...args], env }).values;
}

describe("a flag", () => {
  it("takes its default when it is not given", () => {
    assert.deepEqual(parse([]).listen, { host: "127.0.0.1", port: 0 });
    assert.equal(parse([]).name, undefined);
  });

  it("takes its environment variable before its default", () => {
    const env = { TEST_LISTEN: "[::1]:80" };
    assert.deepEqual(parse([], env).listen, { host: "::1", port: 80 });
  });

  it("is more than its environment variable", () => {
    const env = { TEST_LISTEN: "127.0.0.1:1" };
    const { listen } = parse(["--listen", "127.0.0.1:2"], env);
    assert.equal(listen.port, 2);
  });

  it("treats an empty environment variable as not set", () => {
    assert.equal(parse([], { TEST_LISTEN: "" }).listen.port, 0);
  });

  it("may be a switch, in the environment too", () => {
    assert.equal(parse(["--watch"]).watch, true);
    assert.equal(parse([], { TEST_WATCH: "1" }).watch, true);
    assert.equal(parse([], { TEST_WATCH: "false" }).watch, false);
    assert.equal(parse([]).watch, undefined);
  });

  const wrong: [args: string[], env: Record<string, string>, line: RegExp][] = [
    [["--key", "k", "--listen", "x"], {}, /^--listen: "x" is not host:port/],
    [
      ["--key", "k"],
      { TEST_LISTEN: "x" },
      /^TEST_LISTEN: "x" is not host:port/,
    ],
    [["--key", "k", "--rate", "0"], {}, /^--rate: "0" is not a number/],
    [["--key", "k", "--rate", ""], {}, /^--rate: "" is not a number/],
    [["--key", "k"], { TEST_WATCH: "x" }, /^TEST_WATCH: "x" is neither/],
    [[], {}, /^--key FILE \(or set TEST_KEY\) is required: A key\.$/],
    [["--no"], {}, /Unknown option '--no' \(see --help\)$/],
    [["more"], {}, /Unexpected argument 'more'/],
    [["--key"], {}, /'--key <value>' argument missing/],
  ];
  for (const [args, env, line] of wrong) {
    it(`that is wrong is one clear line: ${args.join(" ")} ${Object.keys(env)}`, () => {
      assert.throws(
        () => parseFlags(flags, { args, env }),
        (error) =>
          error instanceof PortolanError &&
          error.code === "ERR_USAGE" &&
          line.test(error.message) &&
          !error.message.includes("\n"),
      );
    });
  }
});

describe("--help", () => {
  it("is not held up by what else is missing or wrong", () => {
    const parsed = parseFlags(flags, { args: ["--help"], env: {} });
    assert.equal(parsed.help, true);
  });

  it("tells each flag with its default and its environment variable", () => {
    const lines = describeFlags(flags).split("\n");
    assert.deepEqual(
      lines.map((line) => line.trim().replace(/\s{2,}/, "  ")),
      [
        "--listen host:port  Where to listen. [default 127.0.0.1:0, TEST_LISTEN]",
        "--name NAME  A name.",
        "--key FILE  A key. [required, TEST_KEY]",
        "--rate N  A rate.",
        "--watch  A switch. [TEST_WATCH]",
        "--help  Print this help.",
      ],
    );
  });
});

describe("arguments that are not flags", () => {
  it("are handed on where they are welcome", () => {
    const source = {
      args: ["a", "--key", "k", "b"],
      env: {},
      positionals: true,
    };
    assert.deepEqual(parseFlags(flags, source).positionals, ["a", "b"]);
  });
});
