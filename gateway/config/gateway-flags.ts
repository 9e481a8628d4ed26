// The gateway's flags and environment variables.

import {
  type FlagValues,
  parseAddress,
  parseDurationMs,
  parseText,
} from "../../core/index.ts";
import { etcdFlags, staticFlags } from "../../mesh/registry/index.ts";
import { parseOrigins } from "./origins.ts";

/** The flags of `portolan gateway`; --help prints this table. */
export const gatewayFlags = {
  listen: {
    placeholder: "host:port",
    description: "Where callers connect. Port 0 takes a free one.",
    env: "PORTOLAN_LISTEN",
    default: "0.0.0.0:8080",
    parse: parseAddress,
  },
  ...etcdFlags,
  etcd: {
    placeholder: etcdFlags.etcd.placeholder,
    description: `${etcdFlags.etcd.description}\nDefault: ${etcdFlags.etcd.default}; none with --static or --static-file.`,
    env: etcdFlags.etcd.env,
    parse: etcdFlags.etcd.parse,
  },
  "registry-cache": {
    placeholder: "FILE",
    description:
      "Where to keep the last snapshot of the registry, so that the gateway\ncan start while etcd is away. Default: nowhere.",
    env: "PORTOLAN_REGISTRY_CACHE",
    parse: parseText,
  },
  ...staticFlags,
  "cors-origin": {
    placeholder: "ORIGIN[,ORIGIN]",
    description:
      "The origins of web pages that may call, for example\nhttps://app.example.com. A * stands for any port or one name:\nhttp://localhost:*. Default: none.",
    env: "PORTOLAN_CORS_ORIGIN",
    default: "",
    parse: parseOrigins,
  },
  "drain-delay": {
    placeholder: "DURATION",
    description:
      "How long to serve on after health says NOT_SERVING, so that a load\nbalancer in front can look elsewhere.",
    env: "PORTOLAN_DRAIN_DELAY",
    default: "3s",
    parse: parseDurationMs,
  },
  "drain-timeout": {
    placeholder: "DURATION",
    description: "How long calls in flight may take to finish after that.",
    env: "PORTOLAN_DRAIN_TIMEOUT",
    default: "30s",
    parse: parseDurationMs,
  },
} as const;

/** The values of gatewayFlags. */
export type GatewayFlagValues = FlagValues<typeof gatewayFlags>;
