// Where the gateway looks for instances, as its flags say: etcd, a fixed list,
// or both.

import {
  createEtcdDirectory,
  type Directory,
  etcdFlags,
  mergeDirectories,
  toEtcdOptions,
  toStaticDirectory,
} from "../mesh/registry/index.ts";
import type { GatewayFlagValues } from "./config/index.ts";

/**
 * Create the directory. With a fixed list alone, no etcd is asked. Throws
 * ERR_USAGE if flags do not go together, or a file can't be used.
 */
export function createDirectory(values: GatewayFlagValues): Directory {
  const fixed = toStaticDirectory(values);
  if (fixed !== undefined && values.etcd === undefined) return fixed;
  const etcd = values.etcd ?? [etcdFlags.etcd.default];
  const cacheFile = values["registry-cache"];
  const found = createEtcdDirectory({
    ...toEtcdOptions({ ...values, etcd }),
    ...(cacheFile === undefined ? {} : { cacheFile }),
  });
  return fixed === undefined ? found : mergeDirectories(found, fixed);
}
