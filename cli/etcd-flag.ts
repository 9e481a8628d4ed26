// The flag that says where etcd is, the same for every command.

import { parseAddresses } from "../core/index.ts";

/** --etcd, with its default. */
export const etcdFlag = {
  placeholder: "host:port[,host:port]",
  description: "The etcd members to ask.",
  env: "PORTOLAN_ETCD",
  default: "127.0.0.1:2379",
  parse: parseAddresses,
} as const;
