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
   * "https://host:port" for all of them says TLS as an empty `tls` does;
   * "http://host:port" is the same as "host:port".
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
  const { hosts, schemes } = resolveHosts(options.hosts);
  const isSecure = schemes.has("https://");
  if (isSecure && schemes.size > 1) {
    throw usage("https:// must stand before all addresses, or before none.");
  }
  if (schemes.has("http://") && options.tls !== undefined) {
    throw usage("http:// does not go together with TLS.");
  }
  const { tls = isSecure ? {} : undefined } = options;
  if ((tls?.certFile === undefined) !== (tls?.keyFile === undefined)) {
    throw usage("A client certificate and its key must be given together.");
  }
  const namespace = parseNamespace(options.namespace ?? DEFAULT_NAMESPACE);
  if (namespace instanceof Error) throw usage(namespace.message);
  return { hosts, namespace, tls, account: resolveAccount(options) };
}

function resolveHosts(given: readonly string[]): {
  readonly hosts: readonly string[];
  readonly schemes: ReadonlySet<string>;
} {
  if (given.length === 0) throw usage("No address of etcd is given.");
  const schemes = new Set<string>();
  const hosts = given.map((text) => {
    const { scheme, host } = splitScheme(text);
    const address = parseAddress(host);
    if (address instanceof Error) throw usage(`etcd: ${address.message}`);
    schemes.add(scheme);
    return host;
  });
  return { hosts, schemes };
}

/**
 * Split "https://host:port" or "http://host:port"; the scheme may be missing.
 */
export function splitScheme(text: string): { scheme: string; host: string } {
  const [scheme = ""] = /^https?:\/\//.exec(text) ?? [];
  return { scheme, host: text.slice(scheme.length) };
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
