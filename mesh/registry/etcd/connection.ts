// The way to a cluster: one member at a time, the next one when it fails.
//
// etcd3 comes with retries, circuit breakers and resuming watchers that lose
// events, block each other or go on for ever. None of them is used: requests
// and streams are the plain ones of etcd's API, each is tried once, on one
// member, with a deadline; who needs an answer tries again, on the next member.

import type { Etcd3 } from "etcd3";
import type { PortolanError } from "../../../core/index.ts";
import { instancePrefix } from "../record.ts";
import { createClient, REQUEST_MS } from "./client.ts";
import { isAuthOff, isTokenRefused, toRegistryError } from "./errors.ts";
import type { EtcdAccount, ResolvedEtcdOptions } from "./options.ts";
import { readTlsFiles } from "./tls.ts";
import { createToken, noToken } from "./token.ts";

export { REQUEST_MS };

/**
 * A client for one member of etcd at a time.
 */
export interface Connection {
  /**
   * The client to use now. Connects, and logs in, with its first request.
   * Throws ERR_USAGE if it is a new one and the TLS files can't be used.
   */
  client(): Etcd3;
  /** Give this client up: the next is one for the next member. */
  drop(): void;
  /** Whatever a request or a stream failed with, as an error that says why. */
  explain(reason: unknown): PortolanError;
}

/**
 * Create a connection to a cluster. Throws ERR_USAGE if the TLS files can't be
 * used.
 */
export function createConnection(options: ResolvedEtcdOptions): Connection {
  const { hosts, namespace, tls, account } = options;
  const readTls = () => (tls === undefined ? undefined : readTlsFiles(tls));
  // A wrong file is told at once, not when it is first needed.
  readTls();
  // Not everybody begins with the first member.
  let turn = Math.floor(Math.random() * hosts.length);
  let host = hosts[turn] ?? "";
  let client: Etcd3 | undefined;
  let guest: Etcd3 | undefined;

  // With a client of its own, since the other one waits for the token.
  async function login(who: EtcdAccount): Promise<string | undefined> {
    const own = createClient({ host, tls: readTls(), token: noToken });
    guest = own;
    return authenticate(own, who).finally(() => own.close());
  }
  // It outlives the clients: what one member grants holds for all of them.
  const token =
    account === undefined
      ? noToken
      : createToken({
          login: () => login(account),
          isRefused: isTokenRefused,
        });

  return {
    client() {
      if (client === undefined) {
        host = hosts[turn++ % hosts.length] ?? "";
        client = createClient({ host, tls: readTls(), token });
      }
      return client;
    },
    drop() {
      for (const open of [client, guest]) open?.close();
      client = undefined;
      guest = undefined;
    },
    explain: (reason) =>
      toRegistryError(reason, {
        host,
        tls: tls !== undefined,
        user: account?.user,
        prefix: instancePrefix(namespace),
      }),
  };
}

async function authenticate(
  client: Etcd3,
  { user, password }: EtcdAccount,
): Promise<string | undefined> {
  try {
    const answer = await client.auth.authenticate({ name: user, password });
    return answer.token;
  } catch (error) {
    // As etcd's own clients do: it may be turned on later.
    if (isAuthOff(error)) return undefined;
    throw error;
  }
}
