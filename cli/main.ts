#!/usr/bin/env node
// The program `portolan`: one command for each thing it can do.

import { PortolanError } from "../core/index.ts";
import { runGateway } from "../gateway/index.ts";
import { runProgram } from "../runtime/index.ts";
import { runDescribe } from "./describe.ts";
import { runDev } from "./dev/index.ts";
import { runList } from "./list.ts";
import { runRegistry } from "./registry.ts";

interface Command {
  readonly description: string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

const commands: Readonly<Record<string, Command>> = {
  dev: {
    description: "Run a registry, services and the gateway, for development.",
    run: runDev,
  },
  gateway: {
    description: "Forward calls to the instances registered in etcd.",
    run: runGateway,
  },
  registry: {
    description: "Run an etcd in memory, for development.",
    run: runRegistry,
  },
  list: { description: "List the registered instances.", run: runList },
  describe: {
    description: "Tell all about the instances of one service.",
    run: runDescribe,
  },
};

function help(): string {
  const rows = Object.entries(commands).map(
    ([name, { description }]) => `  ${name.padEnd(10)}${description}`,
  );
  return `portolan: Connect-RPC services that find each other through etcd.

Usage: portolan <command> [flags]

${rows.join("\n")}

portolan <command> --help explains the flags of a command.
`;
}

const [name, ...args] = process.argv.slice(2);
if (name === undefined || name === "help" || name === "--help") {
  process.stdout.write(help());
  if (name === undefined) process.exitCode = 2;
} else {
  await runProgram(`portolan ${name}`, async () => {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command !== undefined) return command.run(args);
    const known = Object.keys(commands).join(", ");
    throw new PortolanError(
      "ERR_USAGE",
      `no such command, there are ${known} (see portolan --help)`,
    );
  });
}
