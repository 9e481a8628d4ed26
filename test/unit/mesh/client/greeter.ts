// A greeter on a real port, for tests of the client.

import { once } from "node:events";
import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
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

/**
 * Start a greeter that answers with its own port. Asked for "hang" it does not
 * answer; for "canceled" or "aborted" it answers with that status; asked to
 * count it sends one message and then hangs.
 */
export async function startGreeter(): Promise<TestGreeter> {
  const hanging = Promise.withResolvers<void>();
  const disconnected = Promise.withResolvers<void>();
  const sessions = new Set<ServerHttp2Session>();
  let calls = 0;
  let last: HandlerContext | undefined;
  function hang(signal: AbortSignal): Promise<never> {
    hanging.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }
  const server: Http2Server = createServer(
    connectNodeAdapter({
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
    }),
  );
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => {
      sessions.delete(session);
      disconnected.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  function kill(): void {
    for (const { socket } of sessions) socket.destroy();
    server.close();
  }
  return {
    address,
    get calls() {
      return calls;
    },
    get connections() {
      return sessions.size;
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
