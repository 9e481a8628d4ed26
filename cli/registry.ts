// `portolan registry`: the embedded etcd as a program of its own.

import { describeFlags, parseAddress, parseFlags } from "../core/index.ts";
import { startEmbeddedEtcd } from "../embedded-etcd/index.ts";
import { createLogger, waitForStop } from "../runtime/index.ts";

const flags = {
  listen: {
    placeholder: "host:port",
    description: "Where to listen, on loopback only. Port 0 takes a free one.",
    env: "PORTOLAN_LISTEN",
    default: "127.0.0.1:2379",
    parse: parseAddress,
  },
} as const;

/**
 * Run the embedded etcd until told to stop.
 */
export async function runRegistry(args: readonly string[]): Promise<void> {
  const { values, help } = parseFlags(flags, { args, env: process.env });
  if (help) {
    process.stdout.write(
      `portolan registry: an etcd in memory, for development. What it knows is\ngone when it ends.\n\nFlags [default, environment variable]:\n${describeFlags(flags)}\n`,
    );
    return;
  }
  const logger = createLogger("registry");
  await using etcd = await startEmbeddedEtcd({ listen: values.listen });
  logger.info({ address: etcd.address }, "listening");
  const reason = await waitForStop();
  logger.info({ reason }, "closed");
}
