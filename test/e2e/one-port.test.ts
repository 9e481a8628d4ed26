// Both HTTP versions on one port, told apart by the first bytes: written to a
// plain socket, in pieces of any size.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { after, before, suite, test } from "node:test";
import { greeterOnly, type Mesh, startMesh } from "../support/mesh.ts";
import type { Running } from "../support/system.ts";

suite("one port", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh(greeterOnly);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    gateway: () => mesh.gateway,
    service: () => mesh.services[0] ?? mesh.gateway,
  };
  for (const [place, running] of Object.entries(places)) {
    // "P" and "PR" begin HTTP/2's preface as well, "PRI * HTTP/2.0".
    const verbs = [
      { verb: "POST", status: 200 },
      { verb: "PUT", status: 405 },
      { verb: "PATCH", status: 405 },
      { verb: "PROPFIND", status: 405 },
      { verb: "GET", status: 405 },
      { verb: "DELETE", status: 405 },
    ];
    for (const { verb, status } of verbs) {
      test(`a ${verb} over HTTP/1.1 is ${status} at the ${place}, byte by byte as well`, async () => {
        const request = http1Request(verb);
        using whole = await open(running());
        whole.socket.write(request);
        assert.match(await whole.until(/\r\n\r\n/), statusLine(status));

        using dripped = await open(running());
        await drip(dripped.socket, request);
        assert.match(await dripped.until(/\r\n\r\n/), statusLine(status));
      });
    }

    test(`an HTTP/2 preface comes byte by byte at the ${place}`, async () => {
      using peer = await open(running());
      await drip(peer.socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      // Empty SETTINGS; the server's own are the first bytes to come back.
      const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
      await drip(peer.socket, settings.toString("latin1"));
      const answer = Buffer.from(await peer.until(/^.{9}/s), "latin1");
      assert.equal(answer.readUInt8(3), 4, "the first frame is SETTINGS");
    });

    test(`a preface that breaks off in the middle closes the connection at the ${place}`, async () => {
      using peer = await open(running());
      peer.socket.end("PRI * HT");
      await once(peer.socket, "close");
      await assertServes(running());
    });

    test(`a connection that closes after one byte, or none, harms nobody at the ${place}`, async () => {
      for (const bytes of ["", "P", "PR", "PRI"]) {
        using peer = await open(running());
        peer.socket.end(bytes);
        await once(peer.socket, "close");
      }
      using reset = await open(running());
      reset.socket.write("P");
      reset.socket.resetAndDestroy();
      await assertServes(running());
    });

    test(`what is no HTTP at all is refused at the ${place}`, async () => {
      using peer = await open(running());
      peer.socket.write("\x16\x03\x01 hello, this would be TLS\r\n\r\n");
      assert.match(await peer.until(/\r\n\r\n/), statusLine(400));
      await once(peer.socket, "close");
    });

    test(`a second request waits in the same connection at the ${place}`, async () => {
      using peer = await open(running());
      peer.socket.write(http1Request("POST") + http1Request("POST"));
      const answers = await peer.until(/(Hello john.*){2}/s);
      assert.equal(answers.match(/HTTP\/1\.1 200/g)?.length, 2);
    });

    test(`a request behind one whose body was refused half-way is answered at the ${place}`, async () => {
      using peer = await open(running());
      const bytes = 20 << 20;
      peer.socket.write(
        [
          "POST /greeter/hello HTTP/1.1",
          "host: test",
          "content-type: application/json",
          "transfer-encoding: chunked",
          "",
          bytes.toString(16),
          `${" ".repeat(bytes)}`,
          "0\r\n\r\n",
        ].join("\r\n") + http1Request("POST"),
      );
      const answers = await peer.until(/Hello john/);
      assert.match(answers, /^HTTP\/1\.1 429 .*resource_exhausted/s);
      assert.match(answers, /HTTP\/1\.1 200 /);
    });

    test(`one HTTP/2 connection carries calls one after another and at once at the ${place}`, async () => {
      const session = connectHttp2(running().url);
      try {
        assert.equal(await http2Hello(session), helloJohn);
        const hundred = Array.from({ length: 100 }, () => http2Hello(session));
        const answers = new Set(await Promise.all(hundred));
        assert.deepEqual([...answers], [helloJohn]);
      } finally {
        session.destroy();
      }
    });
  }
});

const helloJohn = '{"greeting":"Hello john"}';
const john = '{"name":"john"}';

function http1Request(verb: string): string {
  return [
    `${verb} /greeter/hello HTTP/1.1`,
    "host: test",
    "content-type: application/json",
    `content-length: ${john.length}`,
    "",
    john,
  ].join("\r\n");
}

function statusLine(status: number): RegExp {
  return new RegExp(`^HTTP/1\\.1 ${status} `);
}

async function http2Hello(session: ReturnType<typeof connectHttp2>) {
  const stream = session.request({
    ":method": "POST",
    ":path": "/greeter/hello",
    "content-type": "application/json",
  });
  stream.end(john);
  return (await stream.setEncoding("utf8").toArray()).join("");
}

async function assertServes({ url }: Running): Promise<void> {
  const response = await fetch(`${url}/greeter/hello`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: john,
  });
  assert.equal(await response.text(), helloJohn);
}

/** Write each byte in a packet of its own. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const byte of Buffer.from(text, "latin1")) {
    await new Promise((done) => socket.write(Buffer.of(byte), done));
    await new Promise(setImmediate);
  }
}

/** Connect, and gather what comes back. */
async function open({ address }: Running) {
  const [host, port] = address.split(":");
  const socket = connect({
    host: String(host),
    port: Number(port),
    noDelay: true,
  });
  socket.on("error", () => {}); // "close" follows
  let received = "";
  const more = new Set<() => void>();
  socket.setEncoding("latin1").on("data", (text) => {
    received += text;
    for (const check of [...more]) check();
  });
  await once(socket, "connect");
  return {
    socket,
    /** Everything received, once it matches. */
    until: (pattern: RegExp) =>
      new Promise<string>((resolve, reject) => {
        const check = () => {
          if (!pattern.test(received)) return;
          more.delete(check);
          resolve(received);
        };
        more.add(check);
        socket.once("close", () => reject(new Error(`closed: ${received}`)));
        check();
      }),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
