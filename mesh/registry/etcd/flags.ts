// The flags that say how to reach etcd, the same for every program.

import {
  type Flags,
  type FlagValues,
  PortolanError,
  parseAddress,
  parseText,
} from "../../../core/index.ts";
import { DEFAULT_NAMESPACE, parseNamespace } from "../record.ts";
import {
  type EtcdOptions,
  type EtcdTlsOptions,
  resolveEtcdOptions,
  withoutScheme,
} from "./options.ts";
import { readTlsFiles } from "./tls.ts";

/** The flags of everybody who talks to etcd; a part of a program's own table. */
export const etcdFlags = {
  etcd: {
    placeholder: "host:port[,host:port]",
    description:
      "The members of etcd, tried in turn. Say https://host:port for TLS with\nthe authorities that Node trusts.",
    env: "PORTOLAN_ETCD",
    default: "127.0.0.1:2379",
    parse: parseEtcdHosts,
  },
  "etcd-ca": {
    placeholder: "FILE",
    description:
      "TLS: the authorities that may have signed etcd's certificate.",
    env: "PORTOLAN_ETCD_CA",
    parse: parseText,
  },
  "etcd-cert": {
    placeholder: "FILE",
    description: "TLS: our own certificate, where etcd asks for one.",
    env: "PORTOLAN_ETCD_CERT",
    parse: parseText,
  },
  "etcd-key": {
    placeholder: "FILE",
    description: "TLS: the private key of --etcd-cert.",
    env: "PORTOLAN_ETCD_KEY",
    parse: parseText,
  },
  "etcd-user": {
    placeholder: "NAME",
    description: "The user of etcd, where it has authentication turned on.",
    env: "PORTOLAN_ETCD_USER",
    parse: parseText,
  },
  // Others can see the arguments of a process.
  "etcd-password": {
    environmentOnly: true,
    placeholder: "TEXT",
    description: "The password of --etcd-user.",
    env: "PORTOLAN_ETCD_PASSWORD",
    parse: parseText,
  },
  namespace: {
    placeholder: "/NAME",
    description:
      "What all keys in etcd begin with: systems that share one etcd keep\napart by it.",
    env: "PORTOLAN_NAMESPACE",
    default: DEFAULT_NAMESPACE,
    parse: parseNamespace,
  },
} as const satisfies Flags;

/** The values of etcdFlags. */
export type EtcdFlagValues = FlagValues<typeof etcdFlags>;

/**
 * What the flags say, as options. Throws ERR_USAGE for flags that do not go
 * together, and for files that can't be read or used.
 */
export function toEtcdOptions(values: EtcdFlagValues): EtcdOptions {
  checkPair(values, "etcd-cert", "etcd-key");
  checkPair(values, "etcd-key", "etcd-cert");
  checkPair(values, "etcd-user", "etcd-password");
  checkPair(values, "etcd-password", "etcd-user");
  const tls: EtcdTlsOptions = {
    caFile: values["etcd-ca"],
    certFile: values["etcd-cert"],
    keyFile: values["etcd-key"],
  };
  const isGiven = Object.values(tls).some((file) => file !== undefined);
  const options: EtcdOptions = {
    hosts: values.etcd,
    namespace: values.namespace,
    ...(isGiven && { tls }),
    user: values["etcd-user"],
    password: values["etcd-password"],
  };
  const resolved = resolveEtcdOptions(options);
  if (resolved.tls !== undefined) readTlsFiles(resolved.tls);
  return options;
}

/**
 * The environment in which a program of ours reaches etcd as these options
 * say, whatever stood in its environment before.
 */
export function etcdEnv(options: EtcdOptions): Record<string, string> {
  const { hosts, namespace, tls, user, password } = options;
  // Without files there is only the scheme to say TLS.
  const urls = hosts.map((host) =>
    tls === undefined ? host : `https://${withoutScheme(host)}`,
  );
  return {
    PORTOLAN_ETCD: urls.join(","),
    // Empty stands for not set.
    PORTOLAN_ETCD_CA: tls?.caFile ?? "",
    PORTOLAN_ETCD_CERT: tls?.certFile ?? "",
    PORTOLAN_ETCD_KEY: tls?.keyFile ?? "",
    PORTOLAN_ETCD_USER: user ?? "",
    PORTOLAN_ETCD_PASSWORD: password ?? "",
    PORTOLAN_NAMESPACE: namespace ?? "",
  };
}

/** Parse "host:port[,host:port...]", each with or without https://. */
function parseEtcdHosts(text: string): readonly string[] | Error {
  const hosts = text.split(",").map((part) => part.trim());
  const wrong = hosts
    .map((host) => parseAddress(withoutScheme(host)))
    .find((parsed) => parsed instanceof Error);
  return wrong instanceof Error ? wrong : hosts;
}

function checkPair(
  values: EtcdFlagValues,
  given: keyof EtcdFlagValues,
  needed: keyof EtcdFlagValues,
): void {
  if (values[given] === undefined || values[needed] !== undefined) return;
  const message = `${spell(given)} is given without ${spell(needed)}`;
  throw new PortolanError("ERR_USAGE", message);
}

function spell(name: keyof EtcdFlagValues): string {
  const { env } = etcdFlags[name];
  return "environmentOnly" in etcdFlags[name] ? env : `--${name} (or ${env})`;
}
