// Handlers that do what few do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createServiceServer } from "../../../../runtime/index.ts";
import { connectRaw } from "../../../support/raw-http2/client.ts";
import { answerOn } from "../../../support/raw-http2/expectations.ts";
import {
  data,
  Code as ErrorCode,
  rstStream,
} from "../../../support/raw-http2/frames.ts";
import { encodeMessage } from "../../../support/raw-rpc.ts";
import { until } from "../../../support/until.ts";
import { PATHS, startGreeter } from "../greeter-server.ts";
import { begin, call } from "../raw-calls.ts";

test("a generator that catches what it is told is ended all the same", async () => {
  const said: string[] = [];
  await using server = await startGreeter({
    async *countdown() {
      try {
        for (;;) {
          try {
            yield { line: "x".repeat(10_000) };
          } catch {
            said.push("caught");
          }
        }
      } finally {
        said.push("ended");
      }
    },
  });
  using client = await connectRaw({ port: server.port });
  begin(client, 1, "gRPC", PATHS.countdown);
  client.send(data(1, encodeMessage("gRPC", "{}"), { endStream: true }));
  await client.frame("an answer", ({ streamId }) => streamId === 1);
  client.send(rstStream(1, ErrorCode.cancel));
  await until("it has ended", () => said.includes("ended"));
  assert.deepEqual(said, ["caught", "ended"]);
});

test("an answer may be anybody's promise, of another promise", async () => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    then(resolve: (value: unknown) => void) {
      resolve(Promise.resolve({ greeting: "late" }));
    },
  };
  await using server = await startGreeter({ hello: () => thenable as never });
  using client = await connectRaw({ port: server.port });
  call(client, 1);
  const { body } = await answerOn(client, 1);
  assert.equal(body.toString(), '{"greeting":"late"}');
});

for (const graceMs of [Number.POSITIVE_INFINITY, 2 ** 32]) {
  test(`a server that has ${graceMs} ms to close ends no call`, async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const released = Promise.withResolvers<void>();
    const server = createServiceServer({
      routes: (router) =>
        router.service(GreeterService, {
          async hello(_request, { signal }) {
            begun.resolve(signal);
            await released.promise;
            return { greeting: String(signal.aborted) };
          },
        }),
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using client = await connectRaw({ port });
    call(client, 1);
    await begun.promise;
    const closed = server.close(graceMs);
    // A timer that is too long for Node fires after a millisecond, and before
    // any that takes longer.
    await new Promise((resolve) => setTimeout(resolve, 5));
    released.resolve();
    const { body } = await answerOn(client, 1);
    assert.equal(body.toString(), '{"greeting":"false"}');
    client[Symbol.dispose]();
    await closed;
  });
}
