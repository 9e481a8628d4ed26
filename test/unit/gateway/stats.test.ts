// What is counted on each hop: of callers, of instances, in an instance.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { createServiceServer } from "../../../runtime/index.ts";
import { createClientConnection } from "../../../wire/index.ts";
import { Recorder } from "./recorder.ts";
import { requestFor, responseOf, startScene } from "./scene.ts";

const GRPC = "application/grpc";

suite("Counters", () => {
  test("of a gateway tell callers from instances", async () => {
    await using scene = await startScene();
    const { callers, instances } = scene.stats;
    assert.equal(instances.connections, 0);
    for (let number = 0; number < 3; number++) {
      const call = scene.request(requestFor(GRPC), true);
      const { stream } = await scene.instance.call(number);
      assert.equal(callers.openStreams, 1);
      assert.equal(instances.openStreams, 1);
      if (number === 1) scene.instance.cut();
      else stream.respond(responseOf(200, GRPC, [["grpc-status", "0"]]), true);
      await call.closed();
    }
    assert.equal(callers.streams, 3);
    assert.equal(callers.connections, 1);
    // The one that broke, and the one after it.
    assert.equal(instances.streams, 3);
    assert.equal(instances.connections, 2);
    assert.equal(instances.openConnections, 1);
    assert.equal(instances.openStreams, 0);
    assert.equal(instances.bytesSent > 0 && instances.bytesReceived > 0, true);
  });

  test("of a service tell what it was called", async () => {
    await using server = createServiceServer({ routes: () => {} });
    const { host, port } = await server.listen({ host: "127.0.0.1", port: 0 });
    assert.equal(server.stats.streams, 0);
    const socket = connect({ host, port });
    const connection = createClientConnection(socket);
    const call = new Recorder(requestFor(GRPC));
    call.sent(connection.request(call.headers, true, call));
    await call.closed();
    assert.equal(server.stats.connections, 1);
    assert.equal(server.stats.streams, 1);
    assert.equal(server.stats.openStreams, 0);
    connection.close();
    await once(socket, "close");
  });
});
