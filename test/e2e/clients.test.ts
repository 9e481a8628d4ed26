// Real clients, each in each of the four kinds of calls, straight to a service
// and through the gateway.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ClientKind, clientKinds, send } from "../support/clients.ts";
import { greeterOnly, type Mesh, startMesh } from "../support/mesh.ts";

suite("clients", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh(greeterOnly);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    "the service": () => mesh.services[0]?.address ?? "",
    "the gateway": () => mesh.gateway.address,
  };
  for (const kind of clientKinds) {
    for (const [place, address] of Object.entries(places)) {
      suite(`${kind.name} at ${place}`, () => fourKinds(kind, address));
    }
  }
});

function fourKinds(kind: ClientKind, address: () => string): void {
  test("one message gets one answer", async () => {
    using greeter = kind.connect({ address: address() });
    assert.equal(
      (await greeter.hello({ name: "john" })).greeting,
      "Hello john",
    );
    assert.equal((await greeter.hello({})).greeting, "Hello world");
  });

  test("one message gets a stream of answers", async () => {
    using greeter = kind.connect({ address: address() });
    const lines: string[] = [];
    for await (const { line } of greeter.countdown({ name: "john", from: 3 }))
      lines.push(line);
    assert.deepEqual(lines, ["3", "2", "1", "Hello john"]);
  });

  test("a stream of messages gets one answer", async () => {
    using greeter = kind.connect({ address: address() });
    const names = ["ann", "bob", "cy"].map((name) => ({ name }));
    const { greeting, count } = await greeter.helloAll(send(...names));
    assert.equal(greeting, "Hello ann, bob and cy");
    assert.equal(count, 3);
  });

  if (kind.duplex) {
    test("each message of a stream is answered before the next is sent", async () => {
      using greeter = kind.connect({ address: address() });
      const talk = conversation();
      const answers = greeter.chat(talk.lines)[Symbol.asyncIterator]();
      for (const line of ["one", "two", "three"]) {
        talk.say(line);
        const answer = await answers.next();
        assert.equal(answer.value?.line, `You said: ${line}`);
      }
      talk.end();
      assert.equal((await answers.next()).done, true);
    });
  }

  test("a wrong value is invalid_argument, with the reason", async () => {
    using greeter = kind.connect({ address: address() });
    const call = greeter.countdown({ from: -1 })[Symbol.asyncIterator]();
    await assert.rejects(call.next(), {
      name: "ConnectError",
      message: "[invalid_argument] from must be between 0 and 1000, not -1",
    });
  });

  test("a hundred calls at once are answered each with its own", async () => {
    using greeter = kind.connect({ address: address() });
    const names = Array.from({ length: 100 }, (_, index) => `no ${index}`);
    const answers = await Promise.all(
      names.map((name) => greeter.hello({ name })),
    );
    assert.deepEqual(
      answers.map(({ greeting }) => greeting),
      names.map((name) => `Hello ${name}`),
    );
  });
}

/** Lines that are sent when the test says so. */
function conversation() {
  let give: (line: string | undefined) => void = () => {};
  let next: Promise<string | undefined>;
  const prepare = () => {
    next = new Promise((resolve) => {
      give = resolve;
    });
  };
  prepare();
  async function* lines() {
    while (true) {
      const line = await next;
      if (line === undefined) return;
      prepare();
      yield { line };
    }
  }
  return {
    lines: lines(),
    say: (line: string) => give(line),
    end: () => give(undefined),
  };
}
