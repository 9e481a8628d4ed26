// The flags of `portolan dev`.

import {
  describeFlags,
  type FlagValues,
  parseAddress,
  parseSwitch,
} from "../../core/index.ts";
import { parseOrigins } from "../../gateway/index.ts";
import { etcdFlags } from "../../mesh/registry/index.ts";

/** The flags of `portolan dev`; --help prints this table. */
export const devFlags = {
  listen: {
    placeholder: "host:port",
    description: "Where the gateway listens. Port 0 takes a free one.",
    env: "PORTOLAN_LISTEN",
    default: "127.0.0.1:8080",
    parse: parseAddress,
  },
  ...etcdFlags,
  etcd: {
    placeholder: etcdFlags.etcd.placeholder,
    description:
      "A real etcd to use. Default: one in memory, which needs no --etcd-...\nof the flags below.",
    env: etcdFlags.etcd.env,
    parse: etcdFlags.etcd.parse,
  },
  "cors-origin": {
    placeholder: "ORIGIN[,ORIGIN]",
    description: "The origins of web pages that may call.",
    env: "PORTOLAN_CORS_ORIGIN",
    default: "http://localhost:*,http://127.0.0.1:*",
    parse: parseOrigins,
  },
  watch: {
    description: "Restart a service when its files change.",
    parse: parseSwitch,
  },
} as const;

/** The values of devFlags. */
export type DevFlagValues = FlagValues<typeof devFlags>;

/** What --help prints. */
export function devHelp(): string {
  return `portolan dev: a registry, services and the gateway, with one command.

Usage: portolan dev [flags] [MAIN ...]

MAIN is the main.ts or main.js of a service, each run as a process of its own;
without any, the example services are run.

Flags [default, environment variable]:
${describeFlags(devFlags)}
`;
}
