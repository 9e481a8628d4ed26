// A load generator: keeps a number of calls under way until all are made, then
// prints what it took as a line of JSON. With --stay its connections stay open,
// idle, until its standard input ends.
//
//   node bench/support/generator/generator.ts --port 8080 --calls 100000 --changing

import { once } from "node:events";
import { connect } from "node:net";
import {
  describeFlags,
  type FlagValues,
  parseFlags,
  parseNumber,
  parseSwitch,
  parseText,
} from "../../../core/index.ts";
import { Caller } from "./caller.ts";

/** So many connections are opened at once: servers queue only some hundreds. */
const OPENED_AT_ONCE = 100;

const flags = {
  port: {
    placeholder: "port",
    description: "Where the server listens, on 127.0.0.1.",
    required: true,
    parse: parseNumber(1),
  },
  path: {
    placeholder: "path",
    description: "What is called.",
    default: "/bench.v1.Greeter/Greet",
    parse: parseText,
  },
  calls: {
    placeholder: "count",
    description: "How many calls are made in all.",
    default: "100000",
    parse: parseNumber(0),
  },
  connections: {
    placeholder: "count",
    description: "How many connections make them.",
    default: "10",
    parse: parseNumber(1),
  },
  streams: {
    placeholder: "count",
    description: "How many calls are under way at once on each.",
    default: "20",
    parse: parseNumber(1),
  },
  changing: {
    description: "Send a header that is different in each call.",
    parse: parseSwitch,
  },
  silent: {
    description: "Open connections and say nothing at all on them.",
    parse: parseSwitch,
  },
  stay: {
    description: "Leave the connections open until standard input ends.",
    parse: parseSwitch,
  },
} as const;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const { values, help } = parseFlags(flags, { args, env: {} });
  if (help) {
    process.stdout.write(`Flags [default]:\n${describeFlags(flags)}\n`);
    return;
  }
  const startedAt = performance.now();
  const all = await openConnections(values);
  await Promise.all(all.map(({ done }) => done));
  const elapsedMs = performance.now() - startedAt;
  process.stdout.write(
    `${JSON.stringify({ calls: values.calls, elapsedMs })}\n`,
  );
  if (values.stay === true) await once(process.stdin.resume(), "end");
  for (const connection of all) connection.close();
  process.exit();
}

type GeneratorOptions = FlagValues<typeof flags>;

interface Connection {
  readonly done: Promise<void>;
  close(): void;
}

async function openConnections(options: GeneratorOptions) {
  const { port, path, streams, connections } = options;
  const calls = Math.ceil(options.calls / connections);
  const changing = options.changing === true;
  const open = (i: number) =>
    options.silent === true
      ? openSilent(port)
      : new Caller({ port, path, streams, changing, calls, first: i * calls });
  const all: Connection[] = [];
  while (all.length < connections) {
    const few = Math.min(OPENED_AT_ONCE, connections - all.length);
    const opened = Array.from({ length: few }, (_, i) => open(all.length + i));
    all.push(...opened);
    // The next ones come when these are done with their calls.
    if (connections > OPENED_AT_ONCE) {
      await Promise.all(opened.map(({ done }) => done));
    }
  }
  return all;
}

function openSilent(port: number): Connection {
  const socket = connect({ port, host: "127.0.0.1" });
  const done = once(socket, "connect").then(() => {});
  return { done, close: () => void socket.destroy() };
}

await main();
