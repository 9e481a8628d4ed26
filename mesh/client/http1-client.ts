// Connect's "universal client" over HTTP/1.1: node:http, with connections that
// are kept. The choice of the instance and the errors are those of HTTP/2.

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  UniversalClientFn,
  UniversalClientRequest,
  UniversalClientResponse,
} from "@connectrpc/connect/protocol";
import { createNodeHttpClient } from "@connectrpc/connect-node";
import { isUnreached, toCallError } from "./broken-connection.ts";
import type { Chooser } from "./chooser.ts";
import { shortenHeaders } from "./headers.ts";
import { pathOf, serviceOf } from "./method-path.ts";
import type { ServiceUpstreams, Upstream } from "./upstreams.ts";

/**
 * A client, and its connections.
 */
export interface Http1Client {
  readonly request: UniversalClientFn;
  /** Close all connections at once: open calls are lost. */
  close(): void;
}

/**
 * Create a function that makes HTTP/1.1 requests to the instances of the service
 * that the URL's path names; the rest of the URL does not matter. Over TLS if
 * there are options for it.
 */
export function createHttp1Client(
  chooser: Chooser,
  tls: TlsOptions | undefined,
): Http1Client {
  const agent = tls
    ? new HttpsAgent({ ...tls, keepAlive: true })
    : new HttpAgent({ keepAlive: true });
  const scheme = tls ? "https" : "http";
  const send = createNodeHttpClient({
    httpVersion: "1.1",
    nodeOptions: { agent },
  });
  return {
    async request(given) {
      const beganAtMs = performance.now();
      const path = pathOf(given.url);
      const service = chooser.service(serviceOf(path));
      throwIfAborted(given.signal);
      if (chooser.isUnheard(service)) await heard(chooser, given.signal);
      throwIfAborted(given.signal);
      const body = given.body && new WatchedBody(given.body);
      return await attempt(chooser, service, body, (upstream) => {
        const url = `${scheme}://${upstream.address}${path}`;
        const elapsedMs = performance.now() - beganAtMs;
        const header = shortenHeaders(given.header, elapsedMs);
        const request = { ...given, url, header, ...(body && { body }) };
        return exchange(request, upstream, send);
      });
    },
    close: () => agent.destroy(),
  };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw ConnectError.from(signal.reason, Code.Canceled);
}

/** A request's body that remembers whether anything was asked of it. */
class WatchedBody implements AsyncIterable<Uint8Array> {
  isTouched = false;
  readonly #pieces: AsyncIterable<Uint8Array>;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const pieces = this.#pieces[Symbol.asyncIterator]();
    return {
      next: () => {
        this.isTouched = true;
        return pieces.next();
      },
      ...(pieces.throw && { throw: pieces.throw.bind(pieces) }),
      ...(pieces.return && { return: pieces.return.bind(pieces) }),
    };
  }
}

/**
 * One instance after the other, while none can be reached and nothing was asked
 * of the body. Over TLS it is asked for before the handshake: whatever fails from
 * there on fails the call.
 */
async function attempt<T>(
  chooser: Chooser,
  service: ServiceUpstreams,
  body: WatchedBody | undefined,
  send: (upstream: Upstream) => Promise<T>,
): Promise<T> {
  const tried: Upstream[] = [];
  let loss: unknown;
  for (;;) {
    const upstream = chooser.choose(service, tried);
    if (upstream instanceof ConnectError)
      throw chooser.isClosed ? upstream : (loss ?? upstream);
    try {
      return await send(upstream);
    } catch (error) {
      if (!isUnreached(error) || body?.isTouched === true) throw error;
      loss = error;
      tried.push(upstream);
    }
  }
}

async function exchange(
  request: UniversalClientRequest,
  upstream: Upstream,
  send: UniversalClientFn,
): Promise<UniversalClientResponse> {
  const { signal } = request;
  throwIfAborted(signal);
  let isOpen = true;
  upstream.inFlight++;
  const release = () => {
    if (isOpen) upstream.inFlight--;
    isOpen = false;
    signal?.removeEventListener("abort", release);
  };
  // Also for a caller that never reads to the end.
  signal?.addEventListener("abort", release);
  try {
    const response = await send(request);
    return { ...response, body: relay(response.body) };
  } catch (error) {
    release();
    throw toCallError(error, signal, upstream.address);
  }

  async function* relay<T>(pieces: AsyncIterable<T>): AsyncIterable<T> {
    try {
      yield* pieces;
    } catch (error) {
      throw toCallError(error, signal, upstream.address);
    } finally {
      release();
    }
  }
}

/** Resolves when the registry was heard, the time is over or the call is. */
function heard(
  chooser: Chooser,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = chooser.wait(end);
    signal?.addEventListener("abort", end);
  });
}
