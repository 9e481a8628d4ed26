// Frames that are small and legal, each of which costs the server an answer or
// a look: CVE-2019-9512 and its kin. As many as the edge preset allows are
// served, many more end the connection.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Limits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectCutOff,
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  Code,
  FrameType,
  frame,
  ping,
  priority,
  repeat,
  Setting,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { flood } from "./flood.ts";
import { withVictim } from "./with-victim.ts";

interface Flood {
  readonly name: string;
  /** The limit that it violates. */
  readonly limit: keyof Limits;
  readonly bytes: Buffer;
  /** So many are fine, a little less than the preset's number. */
  readonly harmless: number;
  /** So many more are too many, however slow the machine. */
  readonly fatal: number;
}

const floods: readonly Flood[] = [
  {
    limit: "pingBurst",
    name: "PING",
    bytes: ping("attacker"),
    harmless: 95,
    fatal: 300,
  },
  {
    limit: "settingsBurst",
    name: "empty SETTINGS",
    bytes: settings(),
    harmless: 95,
    fatal: 300,
  },
  {
    limit: "settingsBurst",
    name: "SETTINGS that open and close the windows",
    bytes: Buffer.concat([
      settings([Setting.initialWindowSize, 0]),
      settings([Setting.initialWindowSize, 1 << 20]),
    ]),
    ...{ harmless: 47, fatal: 150 },
  },
  {
    limit: "settingsBurst",
    name: "SETTINGS that shrink and grow the HPACK table",
    bytes: settings(
      ...Array.from({ length: 500 }, (_, i) => {
        return [Setting.headerTableSize, i % 2 ? 4_096 : 0] as const;
      }),
    ),
    ...{ harmless: 95, fatal: 300 },
  },
  {
    limit: "prioritiesPerSecond",
    name: "PRIORITY",
    bytes: priority(1, { dependsOn: 0 }),
    ...{ harmless: 95, fatal: 500 },
  },
  {
    limit: "prioritiesPerSecond",
    name: "PRIORITY of streams that never open",
    bytes: Buffer.concat([
      priority(9, { dependsOn: 11, exclusive: true }),
      priority(11, { dependsOn: 9, exclusive: true }),
    ]),
    ...{ harmless: 47, fatal: 250 },
  },
  {
    limit: "windowUpdateFactor",
    name: "WINDOW_UPDATE of the connection",
    bytes: windowUpdate(0, 1),
    ...{ harmless: 4, fatal: 100 },
  },
];

describe("a flood", () => {
  for (const { name, limit, bytes, harmless, fatal } of floods) {
    it(`ends the connection, and a little of it doesn't: ${name}`, () =>
      withVictim({}, async (victim) => {
        using client = await connectRaw({ port: victim.port });
        client.send(repeat(bytes, harmless));
        client.request(1);
        await expectResponse(client, 1, 200);
        client.send(repeat(bytes, fatal));
        await expectGoaway(client, Code.enhanceYourCalm);
        await victim.endedBy(limit);
      }));
  }

  it("ends the connection, with WINDOW_UPDATE of a stream", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      client.request(1, { path: "/hold" });
      client.send(repeat(windowUpdate(1, 1), 6));
      client.request(3);
      await expectResponse(client, 3, 200);
      client.send(repeat(windowUpdate(1, 1), 100));
      await expectGoaway(client, Code.enhanceYourCalm);
      await victim.endedBy("windowUpdateFactor");
    }));
});

it("lets a client that receives much open its windows as often as it likes", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    client.request(1, { path: "/bytes/3000000" });
    let next = 0;
    await client.until("the body has ended", () => {
      for (; next < client.frames.length; next++) {
        const { type, payload, flags } = client.frames[next] ?? { type: 99 };
        if (type !== FrameType.data || payload === undefined) continue;
        if (flags === 1) return true;
        client.send(
          ...[windowUpdate(0, payload.length), windowUpdate(1, payload.length)],
        );
      }
      return undefined;
    });
    const { body } = await expectResponse(client, 1, 200);
    assert.equal(body.length, 3_000_000);
  }));

it("frees a connection whose window was made to overflow", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    client.request(1, { path: "/held" });
    client.send(windowUpdate(0, 0x7fff_ffff));
    await expectGoaway(client, Code.flowControlError);
    const { closedBy } = await victim.until("openConnections", 1);
    assert.equal(closedBy["connection"], 1);
  }));

it("frees a connection that SETTINGS made overflow", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    client.request(1, { path: "/hold" });
    client.send(windowUpdate(1, 1 << 20));
    client.send(settings([Setting.initialWindowSize, 0x7fff_ffff]));
    await expectGoaway(client, Code.flowControlError);
  }));

it("serves the others while somebody sends frames of an unknown type", () =>
  withVictim({}, async (victim, bystander) => {
    using client = await connectRaw({ port: victim.port });
    const unknown = frame({
      type: 0xbe,
      streamId: 1,
      payload: Buffer.alloc(7),
    });
    const many = repeat(unknown, 50_000);
    for (let i = 0; i < 5; i++) {
      client.send(many);
      await client.sent();
      await bystander.moreCalls();
    }
    client.request(1);
    await expectResponse(client, 1, 200);
  }));

it("ends a connection that makes it answer and reads none of it", () =>
  withVictim({ limits: { pingBurst: 1e9 } }, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    await client.frame("SETTINGS", ({ type }) => type === FrameType.settings);
    client.pause();
    const many = repeat(ping("attacker"), 4_000);
    // As much as the system's buffers on the way may take, and more.
    const sending = flood(client, many, 1_000);
    await victim.endedBy("maxQueuedControlFrames");
    client.resume();
    await expectCutOff(client, Code.enhanceYourCalm);
    await sending;
  }));
