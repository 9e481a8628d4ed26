// How to reach etcd: what everybody who talks to it is told, checked and
// completed in one place.

import { PortolanError, parseAddress } from "../../../core/index.ts";
import { DEFAULT_NAMESPACE, parseNamespace } from "../record.ts";

/**
 * Where etcd is, and who we are to it.
 */
export interface EtcdOptions {
  /**
   * The members of the cluster, each "host:port"; at least one. They are tried
   * in turn.
   *
   * "https://host:port" for all of them says TLS, as an empty `tls` does.
   */
  readonly hosts: readonly string[];

  /**
   * What all keys begin with. Several systems may share one etcd, each with a
   * namespace of its own; none sees the other's instances.
   *
   * Begins with "/" and ends without. Defaults to "/portolan".
   */
  readonly namespace?: string | undefined;

  /** Connect over TLS. Defaults to plain connections. */
  readonly tls?: EtcdTlsOptions | undefined;

  /**
   * The user of etcd, where it has authentication turned on; needs `password`.
   * Defaults to none: anonymous, or the name in the client certificate.
   */
  readonly user?: string | undefined;

  /** The password of `user`. It is sent to etcd and shown nowhere. */
  readonly password?: string | undefined;
}

/**
 * TLS to etcd. All files are PEM, and are read again for each new connection,
 * so that certificates can be replaced while we run.
 */
export interface EtcdTlsOptions {
  /**
   * The certificates of the authorities that may have signed etcd's.
   *
   * Defaults to those that Node trusts, which NODE_EXTRA_CA_CERTS adds to.
   */
  readonly caFile?: string | undefined;

  /** Our own certificate, for an etcd that asks for one; needs `keyFile`. */
  readonly certFile?: string | undefined;

  /** The private key of `certFile`. */
  readonly keyFile?: string | undefined;
}

/**
 * EtcdOptions, checked and complete.
 */
export interface ResolvedEtcdOptions {
  /** Each "host:port". */
  readonly hosts: readonly string[];
  readonly namespace: string;
  readonly tls: EtcdTlsOptions | undefined;
  readonly account: EtcdAccount | undefined;
}

/**
 * A user of etcd.
 */
export interface EtcdAccount {
  readonly user: string;
  readonly password: string;
}

/**
 * Check options and fill in the defaults. Throws ERR_USAGE.
 */
export function resolveEtcdOptions(options: EtcdOptions): ResolvedEtcdOptions {
  const { hosts, secure } = resolveHosts(options.hosts);
  const { tls = secure ? {} : undefined } = options;
  if ((tls?.certFile === undefined) !== (tls?.keyFile === undefined)) {
    throw usage("A client certificate and its key must be given together.");
  }
  const namespace = parseNamespace(options.namespace ?? DEFAULT_NAMESPACE);
  if (namespace instanceof Error) throw usage(namespace.message);
  return { hosts, namespace, tls, account: resolveAccount(options) };
}

function resolveHosts(given: readonly string[]): {
  readonly hosts: readonly string[];
  readonly secure: boolean;
} {
  if (given.length === 0) throw usage("No address of etcd is given.");
  const hosts = given.map(withoutScheme);
  for (const host of hosts) {
    const address = parseAddress(host);
    if (address instanceof Error) throw usage(`etcd: ${address.message}`);
  }
  const secure = given.filter((text, i) => text !== hosts[i]).length;
  if (secure > 0 && secure < given.length) {
    throw usage("https:// must stand before all addresses, or before none.");
  }
  return { hosts, secure: secure > 0 };
}

/** "host:port" of "https://host:port"; anything else as it is. */
export function withoutScheme(text: string): string {
  return text.replace(/^https:\/\//, "");
}

function resolveAccount(options: EtcdOptions): EtcdAccount | undefined {
  const { user, password } = options;
  if (user === undefined && password === undefined) return undefined;
  if (!user) throw usage("A password is given, but no user of etcd.");
  if (!password) throw usage(`No password is given for the user "${user}".`);
  return { user, password };
}

function usage(message: string): PortolanError {
  return new PortolanError("ERR_USAGE", message);
}
