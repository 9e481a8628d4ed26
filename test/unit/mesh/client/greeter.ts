// A greeter on a real port, for tests of the client.

import { once } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import { createSecureServer, createServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";

/**
 * A running greeter.
 */
export interface TestGreeter extends AsyncDisposable {
  /** "127.0.0.1:port". */
  readonly address: string;
  /** How many calls came. */
  readonly calls: number;
  /** How many connections are open. */
  readonly connections: number;
  /** Resolves when a connection was closed, now or earlier. */
  readonly disconnected: Promise<void>;
  /** The context of the call that came last. */
  readonly last: HandlerContext | undefined;
  /** Resolves when a call of "hang" has come, now or earlier. */
  readonly hanging: Promise<void>;
  /** Break all connections as a process does that is killed. */
  kill(): void;
}

/** How a greeter is reached. */
export interface GreeterOptions {
  /** Cleartext is one version only. Defaults to "2". */
  readonly httpVersion?: "1.1" | "2";
  /** TLS, with both versions. Defaults to cleartext. */
  readonly tls?: TlsOptions;
}

/**
 * Start a greeter that answers with its own port. Asked for "hang" it does not
 * answer; for "canceled" or "aborted" it answers with that status; asked to
 * count it sends one message and then hangs.
 */
export async function startGreeter(
  options: GreeterOptions = {},
): Promise<TestGreeter> {
  const hanging = Promise.withResolvers<void>();
  const disconnected = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  let calls = 0;
  let last: HandlerContext | undefined;
  function hang(signal: AbortSignal): Promise<never> {
    hanging.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }
  const handler = connectNodeAdapter({
    routes(router) {
      router.service(GreeterService, {
        async hello({ name }, context) {
          calls++;
          last = context;
          if (name === "hang") return hang(context.signal);
          if (name === "canceled") {
            throw new ConnectError("by the service", Code.Canceled);
          }
          if (name === "aborted") {
            throw new ConnectError("by the service", Code.Aborted);
          }
          return { greeting: address };
        },
        async *countdown({ from }, context) {
          calls++;
          yield { line: address };
          if (from > 1) await hang(context.signal);
        },
        async helloAll(requests) {
          let count = 0;
          for await (const _ of requests) count++;
          return { greeting: address, count };
        },
        async *chat(requests) {
          for await (const { line } of requests) yield { line };
        },
      });
    },
  });
  const { httpVersion, tls } = options;
  const server = tls
    ? createSecureServer({ ...tls, allowHTTP1: true }, handler)
    : httpVersion === "1.1"
      ? createHttp1Server(handler)
      : createServer(handler);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      disconnected.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  function kill(): void {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
  return {
    address,
    get calls() {
      return calls;
    },
    get connections() {
      return sockets.size;
    },
    get last() {
      return last;
    },
    hanging: hanging.promise,
    disconnected: disconnected.promise,
    kill,
    async [Symbol.asyncDispose]() {
      kill();
    },
  };
}
