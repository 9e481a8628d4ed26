// What a server may do to the streams of our client: refuse them, go away,
// allow only so many, and change the windows and tables meanwhile. Which calls
// may be repeated elsewhere hangs on it. RFC 9113, sections 5.1.2, 6.5 and 6.8.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expectClosed, fieldOf } from "../../support/raw-http2/expectations.ts";
import { content } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  FrameType,
  goaway,
  rstStream,
  Setting,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import {
  listenRaw,
  type RawServerPeer,
} from "../../support/raw-http2/server.ts";
import { connectCaller } from "./calls.ts";

const FIRST_GOAWAY = 0x7fff_ffff;

/** Wait until the client has acknowledged all settings sent so far. */
async function settled(peer: RawServerPeer, count: number): Promise<void> {
  const isAck = (type: number, flags: number) =>
    type === FrameType.settings && flags === 1;
  await peer.until("SETTINGS ACK", () => {
    const acks = peer.frames.filter((f) => isAck(f.type, f.flags));
    return acks.length >= count ? true : undefined;
  });
}

describe("a call was never looked at", () => {
  it("when its stream is refused", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const call = caller.call();
    caller.peer.send(rstStream(1, Code.refusedStream));
    assert.equal(await call.closed, "refused 7");
    assert.equal(caller.connection.state, "open");
  });

  it("when it is above GOAWAY's last stream; those below go on", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const calls = [caller.call(), caller.call(), caller.call()];
    caller.peer.send(goaway(FIRST_GOAWAY, Code.noError));
    caller.peer.send(goaway(3, Code.noError));
    assert.equal(await calls[2]?.closed, "refused 7");
    assert.deepEqual(caller.goaways, [
      [Code.noError, FIRST_GOAWAY],
      [Code.noError, 3],
    ]);
    assert.equal(caller.connection.state, "draining");
    assert.equal(caller.tryCall(), undefined);
    caller.peer.respond(1, 200);
    caller.peer.respond(3, 201);
    assert.equal(await calls[0]?.closed, "end");
    assert.equal(await calls[1]?.closed, "end");
    assert.equal(calls[1]?.status, 201);
    await expectClosed(caller.peer);
    assert.equal((await caller.goodbye).code, Code.noError);
  });

  it("when GOAWAY with an error leaves it out; the others may have been", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const calls = [caller.call(), caller.call()];
    caller.peer.send(goaway(1, Code.enhanceYourCalm));
    assert.equal(await calls[1]?.closed, "refused 7");
    caller.peer.socket.end();
    assert.match((await calls[0]?.closed) ?? "", /^connection/);
  });
});

describe("a call may have had an effect", () => {
  it("when its stream is reset", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    for (const [nth, code] of [Code.internalError, Code.cancel].entries()) {
      const call = caller.call();
      caller.peer.send(rstStream(2 * nth + 1, code));
      assert.equal(await call.closed, `peer ${code}`);
    }
  });

  it("when the connection just ends", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const call = caller.call();
    caller.peer.socket.end();
    assert.match(await call.closed, /^connection/);
    await caller.goodbye;
  });

  it("and has its answer, when the server stops reading its body", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const call = caller.call({ method: "POST", endStream: false });
    await caller.peer.frame("HEADERS", (f) => f.streamId === 1);
    caller.peer.respond(1, 413);
    caller.peer.send(rstStream(1, Code.noError));
    assert.equal(await call.closed, "peer 0");
    assert.deepEqual([call.status, call.complete], [413, true]);
  });
});

describe("a server decides", () => {
  it("how many streams there may be at once", async () => {
    const first = settings([Setting.maxConcurrentStreams, 2]);
    await using server = await listenRaw({ first });
    using caller = await connectCaller(server);
    await settled(caller.peer, 1);
    assert.equal(caller.connection.availableStreams, 2);
    const calls = [caller.call(), caller.call()];
    assert.equal(caller.connection.availableStreams, 0);
    assert.equal(caller.tryCall(), undefined);
    assert.equal(caller.available, 0);
    caller.peer.respond(1, 200);
    await calls[0]?.closed;
    assert.equal(caller.available, 1);
    caller.call();
    caller.peer.send(settings([Setting.maxConcurrentStreams, 0]));
    await settled(caller.peer, 2);
    caller.peer.respond(3, 200);
    caller.peer.respond(5, 200);
    await calls[1]?.closed;
    assert.equal(caller.tryCall(), undefined);
    caller.peer.send(settings([Setting.maxConcurrentStreams, 1]));
    await settled(caller.peer, 3);
    assert.notEqual(caller.tryCall(), undefined);
  });

  it("how much of a body it takes, even less than nothing", async () => {
    const first = settings([Setting.initialWindowSize, 10]);
    await using server = await listenRaw({ first });
    using caller = await connectCaller(server);
    const { peer } = caller;
    await settled(peer, 1);
    const received = () =>
      Buffer.concat(
        peer.frames.filter((f) => f.type === FrameType.data).map(content),
      ).toString();
    const arrived = (bytes: number) =>
      peer.until(`${bytes} bytes`, () =>
        received().length >= bytes ? true : undefined,
      );
    const call = caller.call({ method: "POST", endStream: false });
    call.stream.write(Buffer.from("0123456789abcdefghij"), true);
    await arrived(10);
    peer.send(settings([Setting.initialWindowSize, 0])); // now it is -10
    peer.send(windowUpdate(1, 9));
    await settled(peer, 2);
    assert.equal(received(), "0123456789");
    peer.send(windowUpdate(1, 4));
    await arrived(13);
    peer.send(settings([Setting.initialWindowSize, 1 << 16]));
    await arrived(20);
    assert.equal(received(), "0123456789abcdefghij");
    peer.respond(1, 200);
    assert.equal(await call.closed, "end");
  });

  it("how large the client's HPACK table may be", async () => {
    const first = settings([Setting.headerTableSize, 0]);
    await using server = await listenRaw({ first });
    using caller = await connectCaller(server);
    const { peer } = caller;
    await settled(peer, 1);
    const sizes = [4_096, 64, 0, 0xffff_ffff];
    for (const [nth, size] of sizes.entries()) {
      const call = caller.call();
      const request = await peer.frame(
        "a request",
        (f) => f.streamId === 2 * nth + 1 && f.fields !== undefined,
      );
      assert.equal(fieldOf(request.fields ?? [], ":authority"), "test");
      peer.respond(2 * nth + 1, 200);
      await call.closed;
      peer.send(settings([Setting.headerTableSize, size]));
      await settled(peer, nth + 2);
    }
  });

  it("nothing about a stream that the client gave up", async () => {
    await using server = await listenRaw();
    using caller = await connectCaller(server);
    const { peer } = caller;
    const call = caller.call();
    call.stream.reset(Code.cancel);
    assert.equal(await call.closed, `local ${Code.cancel}`);
    peer.respond(1, 200, { endStream: false });
    peer.send(data(1, "late"), windowUpdate(1, 10), rstStream(1, 0));
    const next = caller.call();
    peer.respond(3, 200);
    assert.equal(await next.closed, "end");
    assert.deepEqual([call.status, call.body], [0, ""]);
  });
});
