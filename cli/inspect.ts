// What the commands that look into etcd have in common: their flags, and how
// they ask.

import { errorMessage, PortolanError, parseSwitch } from "../core/index.ts";
import { type EtcdReport, inspectEtcd } from "../mesh/registry/index.ts";
import { etcdFlag } from "./etcd-flag.ts";

/** The flags of `list` and `describe`. */
export const inspectFlags = {
  etcd: etcdFlag,
  json: {
    description: "Print JSON, for programs (docs/registry.md).",
    parse: parseSwitch,
  },
} as const;

/**
 * Read everything that is registered. Rejects with ERR_REGISTRY_UNAVAILABLE
 * and a hint if etcd does not answer within some seconds.
 */
export async function inspect(hosts: readonly string[]): Promise<EtcdReport> {
  try {
    return await inspectEtcd({ hosts });
  } catch (cause) {
    throw new PortolanError(
      "ERR_REGISTRY_UNAVAILABLE",
      `etcd at ${hosts.join(",")} did not answer in time (${errorMessage(cause)}): is it running, is --etcd right?`,
      { cause },
    );
  }
}
