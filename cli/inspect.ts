// What the commands that look into etcd have in common: their flags, and how
// they ask.

import { errorMessage, PortolanError, parseSwitch } from "../core/index.ts";
import {
  type EtcdFlagValues,
  type EtcdReport,
  etcdFlags,
  inspectEtcd,
  toEtcdOptions,
} from "../mesh/registry/index.ts";

/** The flags of `list` and `describe`. */
export const inspectFlags = {
  ...etcdFlags,
  json: {
    description: "Print JSON, for programs (docs/registry.md).",
    parse: parseSwitch,
  },
} as const;

/**
 * Read everything that is registered. Rejects with ERR_REGISTRY_UNAVAILABLE
 * and a hint if etcd does not answer within some seconds, with ERR_USAGE or
 * ERR_REGISTRY_DENIED if trying on would not help.
 */
export async function inspect(values: EtcdFlagValues): Promise<EtcdReport> {
  const options = toEtcdOptions(values);
  try {
    return await inspectEtcd(options);
  } catch (cause) {
    if (!isUnavailable(cause)) throw cause;
    throw new PortolanError(
      "ERR_REGISTRY_UNAVAILABLE",
      `etcd at ${values.etcd.join(",")} did not answer in time (${errorMessage(cause)}): is it running, is --etcd right?`,
      { cause },
    );
  }
}

function isUnavailable(reason: unknown): boolean {
  return (
    reason instanceof PortolanError &&
    reason.code === "ERR_REGISTRY_UNAVAILABLE"
  );
}
