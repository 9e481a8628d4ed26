// The only reader of a service's command line and environment.

import {
  describeFlags,
  type Flag,
  type Flags,
  parseFlags,
  parseText,
} from "../../core/index.ts";
import { type EtcdOptions, toEtcdOptions } from "../../mesh/registry/index.ts";
import { type ServiceFlagValues, serviceFlags } from "./service-flags.ts";

/**
 * A flag of one service's own. Its value is text; the service parses it.
 */
export interface Setting {
  /** The environment variable read when the flag is not given. */
  readonly env: string;
  /** What stands for the value in --help: "FILE", "DURATION". */
  readonly placeholder: string;
  readonly description: string;
  readonly default?: string;
  /** Refuse to start without a value. Defaults to false. */
  readonly required?: boolean;
}

/** A service's own flags by name, without the leading dashes. */
export type Settings = Readonly<Record<string, Setting>>;

/** All that a service is told from outside. */
export interface ServiceConfig {
  readonly flags: ServiceFlagValues;
  /** How to reach etcd, as the flags say. */
  readonly etcd: EtcdOptions;
  /** The values of the service's own flags; only those that have one. */
  readonly settings: Readonly<Record<string, string>>;
  /** End when the process that started this one is gone. */
  readonly stopWithParent: boolean;
}

/**
 * Read the configuration of this process. Returns the text of --help instead
 * if that was asked for. Throws PortolanError ERR_USAGE.
 */
export function readServiceConfig(
  name: string,
  settings: Settings,
): ServiceConfig | string {
  const own: Record<string, Flag<string>> = {};
  for (const [flag, setting] of Object.entries(settings)) {
    if (flag in serviceFlags)
      throw new Error(`setting "${flag}" is a flag of every service already`);
    own[flag] = { ...setting, parse: parseText };
  }
  const source = { args: process.argv.slice(2), env: process.env };
  const all: Flags = { ...serviceFlags, ...own };
  const { values, help } = parseFlags(all, source);
  if (help) return usage(name, own);
  const texts = Object.keys(own).flatMap((flag) => {
    const value = values[flag];
    return typeof value === "string" ? [[flag, value] as const] : [];
  });
  const flags = values as ServiceFlagValues;
  return {
    flags,
    etcd: toEtcdOptions(flags),
    settings: Object.fromEntries(texts),
    stopWithParent: process.env["PORTOLAN_STOP_WITH_PARENT"] === "1",
  };
}

function usage(name: string, own: Flags): string {
  const sections = [
    `The service ${name}: gRPC, gRPC-Web, Connect and REST on one port,\nregistered in etcd.`,
    `Flags [default, environment variable]:\n${describeFlags(serviceFlags)}`,
  ];
  if (Object.keys(own).length > 0)
    sections.push(`Flags of ${name}:\n${describeFlags(own)}`);
  return `${sections.join("\n\n")}\n`;
}
