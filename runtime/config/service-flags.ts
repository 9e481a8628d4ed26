// The flags and environment variables that every service has.

import {
  type FlagValues,
  parseAddress,
  parseDurationMs,
  parseNumber,
  parseText,
} from "../../core/index.ts";
import { etcdFlags } from "../../mesh/registry/index.ts";

/** The flags of every service; --help prints this table. */
export const serviceFlags = {
  listen: {
    placeholder: "host:port",
    description:
      "Where to listen. Port 0 takes a free one; IPv6 is [::1]:8881.",
    env: "PORTOLAN_LISTEN",
    default: "127.0.0.1:0",
    parse: parseAddress,
  },
  advertise: {
    placeholder: "host:port",
    description:
      "The address that others are told. Default: the one listened on; for a\nwildcard the first address of this machine that is not loopback.",
    env: "PORTOLAN_ADVERTISE",
    parse: parseAddress,
  },
  ...etcdFlags,
  name: {
    placeholder: "NAME",
    description: "The name to register under. Default: the service's own.",
    env: "PORTOLAN_NAME",
    parse: parseKeyPart,
  },
  id: {
    placeholder: "ID",
    description:
      "A fixed instance id. Default: a new random one at each start.",
    env: "PORTOLAN_ID",
    parse: parseKeyPart,
  },
  version: {
    placeholder: "TEXT",
    description: "The version to register, free text.",
    env: "PORTOLAN_VERSION",
    default: "",
    parse: parseText,
  },
  "drain-delay": {
    placeholder: "DURATION",
    description:
      "How long to serve on after the departure was announced, so that\nnobody sends a call to a closed port.",
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
  rate: {
    placeholder: "CALLS",
    description:
      "Calls per second and method; more are resource_exhausted.\nDefault: no limit.",
    env: "PORTOLAN_RATE",
    parse: parseNumber(0.001),
  },
  burst: {
    placeholder: "CALLS",
    description: "How many calls may come at once within --rate.",
    env: "PORTOLAN_BURST",
    default: "1",
    parse: parseNumber(1),
  },
} as const;

/** The values of serviceFlags. */
export type ServiceFlagValues = FlagValues<typeof serviceFlags>;

/** A name or an id becomes a part of a key, between two slashes. */
function parseKeyPart(text: string): string | Error {
  return /^[^/\s]+$/.test(text)
    ? text
    : new Error(`"${text}" must not be empty or contain a slash or space`);
}
