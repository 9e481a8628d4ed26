// The shapes of exchanges, in both roles: interim answers, trailers, either
// side ending first. The order in which handlers hear of it is what counts.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createHeaderBlock,
  ErrorCode,
  type Stream,
} from "../../../wire/index.ts";
import {
  type Arrival,
  connectClient,
  OK,
  startServer,
  turnsUntil,
} from "./duo.ts";

const TRAILERS = createHeaderBlock([["x-t", "1"]]);
const hint = (status: number) => createHeaderBlock([[":status", `${status}`]]);
const bytes = (text: string) => Buffer.from(text, "latin1");

/** Let a server do something when a request comes; a client calls. */
async function exchange(
  serve: (arrival: Arrival) => void,
  call: (stream: Stream) => void,
) {
  await using server = await startServer(serve);
  using client = connectClient(server.port);
  const { stream, diary } = client.call();
  call(stream);
  await turnsUntil("the client's end", () => stream.closed);
  await turnsUntil("the request", () => server.arrivals.length === 1);
  const [arrival] = server.arrivals;
  await turnsUntil("the server's end", () => arrival?.stream.closed ?? false);
  assert.equal(server.stats.openStreams, 0);
  assert.equal(client.stats.openStreams, 0);
  return { client: diary, server: arrival?.diary ?? assert.fail() };
}

describe("interim answers", () => {
  it("come before the final one, as many as there are", async () => {
    const { client } = await exchange(
      ({ stream }) => {
        for (const status of [100, 103, 199]) stream.inform(hint(status));
        stream.respond(OK, true);
        // Too late, and none of anybody's business.
        stream.inform(hint(103));
      },
      (stream) => stream.end(),
    );
    assert.deepEqual(client.events, [
      ...["information 100", "information 103", "information 199"],
      ...["response 200 end", "close end"],
    ]);
  });

  it("let a client wait with its body", async () => {
    await using server = await startServer(({ stream, diary }) => {
      stream.inform(hint(100));
      diary.onEvent = (event) => {
        if (event.endsWith("end") && !stream.closed) stream.respond(OK, true);
      };
    });
    using client = connectClient(server.port);
    const { stream, diary } = client.call();
    diary.onEvent = (event) => {
      if (event === "information 100") stream.write(bytes("body"), true);
    };
    await turnsUntil("its end", () => stream.closed);
    assert.equal(server.arrivals[0]?.diary.body, "body");
    assert.equal(diary.events.at(-2), "response 200 end");
  });
});

describe("trailers", () => {
  it("end both sides", async () => {
    const { client, server } = await exchange(
      ({ stream }) => {
        stream.respond(OK);
        stream.write(bytes("answer"));
        stream.end(TRAILERS);
      },
      (stream) => {
        stream.write(bytes("question"));
        stream.end(TRAILERS);
      },
    );
    assert.deepEqual(client.events, [
      ...["response 200", "data 6", "trailers", "close end"],
    ]);
    assert.deepEqual(server.events, ["data 8", "trailers", "close end"]);
    assert.equal(client.trailers?.get("x-t"), "1");
    assert.equal(server.trailers?.get("x-t"), "1");
  });

  it("wait for the body that is queued before them", async () => {
    const large = Buffer.alloc(1_000_000);
    const { client, server } = await exchange(
      ({ stream }) => {
        stream.respond(OK);
        assert.equal(stream.write(large), false);
        stream.end(TRAILERS);
      },
      (stream) => {
        assert.equal(stream.write(large), false);
        stream.end(TRAILERS);
      },
    );
    for (const { bodyBytes, events } of [client, server]) {
      assert.equal(bodyBytes, large.length);
      assert.ok(events.includes("sent"));
      const told = events.filter((event) => event !== "sent");
      assert.deepEqual(told.slice(-2), ["trailers", "close end"]);
    }
  });

  it("follow a header block at once, without a body", async () => {
    const { client, server } = await exchange(
      ({ stream }) => {
        stream.respond(OK);
        stream.end(TRAILERS);
      },
      (stream) => stream.end(TRAILERS),
    );
    assert.deepEqual(client.events, ["response 200", "trailers", "close end"]);
    assert.deepEqual(server.events, ["trailers", "close end"]);
  });
});

describe("half of an exchange ends, and the other half goes on", () => {
  it("when the client has said all", async () => {
    const { client, server } = await exchange(
      ({ stream, diary }) => {
        stream.respond(OK);
        diary.onEvent = (event) => {
          if (event !== "data 3 end") return;
          assert.equal(stream.remoteEnded, true);
          stream.write(bytes("one"));
          stream.write(bytes("two"));
          setImmediate(() => stream.write(bytes("three"), true));
        };
      },
      (stream) => stream.write(bytes("all"), true),
    );
    assert.equal(client.body, "onetwothree");
    assert.deepEqual(server.events, ["data 3 end", "close end"]);
    assert.equal(client.events.at(-1), "close end");
  });

  it("when the server has said all", async () => {
    await using server = await startServer(({ stream }) => {
      stream.respond(OK);
      stream.write(bytes("all"), true);
    });
    using client = connectClient(server.port);
    const { stream, diary } = client.call();
    await turnsUntil("the answer", () => stream.remoteEnded);
    assert.equal(stream.closed, false);
    assert.equal(diary.events.at(-1), "data 3 end");
    stream.write(bytes("more"));
    const arrival = server.arrivals[0] ?? assert.fail();
    await turnsUntil("it came", () => arrival.diary.body === "more");
    assert.equal(arrival.stream.closed, false);
    stream.write(bytes("!"), true);
    await turnsUntil("the end", () => arrival.stream.closed);
    assert.deepEqual(arrival.diary.events, [
      ...["data 4", "data 1 end", "close end"],
    ]);
    assert.equal(diary.events.at(-1), "close end");
  });
});

describe("a closed stream", () => {
  it("does nothing any more, whatever it is told", async () => {
    await using server = await startServer(({ stream }) =>
      stream.respond(OK, true),
    );
    using client = connectClient(server.port);
    const { stream, diary } = client.call(undefined, true);
    await turnsUntil("its end", () => stream.closed);
    const [other] = server.arrivals;
    const before = [server.stats.resetsReceived, diary.events.length];
    for (const closed of [stream, other?.stream ?? assert.fail()]) {
      assert.equal(closed.write(bytes("x"), true), true);
      closed.respond(OK);
      closed.inform(hint(103));
      closed.end(TRAILERS);
      closed.consume(1);
      closed.reset(ErrorCode.cancel);
      closed.hold();
      closed.release();
      assert.equal(closed.closedBy, "end");
    }
    await new Promise((resolve) => client.connection.ping(resolve));
    assert.deepEqual(
      [server.stats.resetsReceived, diary.events.length],
      before,
    );
    assert.equal(server.connections[0]?.snapshot().slots, 0);
    assert.equal(client.connection.state, "open");
  });

  for (const [by, side] of [
    ["client", "local"],
    ["server", "peer"],
  ] as const) {
    it(`was reset by the ${by}: both sides hear of it once`, async () => {
      const { client, server } = await exchange(
        ({ stream }) => {
          stream.respond(OK);
          if (by === "server") stream.reset(ErrorCode.cancel);
        },
        (stream) => {
          if (by === "client") stream.reset(ErrorCode.cancel);
        },
      );
      const other = side === "local" ? "peer" : "local";
      assert.equal(client.events.at(-1), `close ${side} 8`);
      assert.deepEqual(server.events, [`close ${other} 8`]);
      assert.equal(
        client.events.filter((event) => event.startsWith("close")).length,
        1,
      );
    });
  }
});
