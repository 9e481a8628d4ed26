// A stream that was given up because its header block came too slowly was open
// and is reset: what its client still says about it is no error.

import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import type { Frame } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  continuation,
  data,
  FrameType,
  headers,
  rstStream,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { requestBlock } from "../../support/raw-http2/hpack.ts";
import { OK, startServer } from "./duo.ts";

const limits = resolveLimits(edgeLimits, { headersTimeoutMs: 800 });

const block = requestBlock();
const whole = headers(1, block);

/** How a block may be late: its beginning, and its rest. */
const slow: [name: string, beginning: Buffer, rest: Buffer][] = [
  ["within HEADERS", whole.subarray(0, 20), whole.subarray(20)],
  [
    "before CONTINUATION",
    headers(1, block.subarray(0, 9), { endHeaders: false }),
    continuation(1, block.subarray(9)),
  ],
];

const said: [name: string, bytes: Buffer][] = [
  ["RST_STREAM", rstStream(1, Code.cancel)],
  ["WINDOW_UPDATE", windowUpdate(1, 100)],
  ["DATA", data(1, "x", { endStream: true })],
];

const isSettings = ({ type }: Frame) => type === FrameType.settings;

describe("after too long a time", { concurrency: true }, () => {
  for (const [place, beginning, rest] of slow) {
    for (const [name, bytes] of said) {
      it(`${place}, ${name} for that stream is no error`, async () => {
        await using server = await startServer(
          ({ stream }) => stream.respond(OK, true),
          { limits },
        );
        using client = await connectRaw({ port: server.port });
        // Its acknowledgement must not come in between.
        await client.frame("SETTINGS", isSettings);
        client.send(beginning);
        await expectReset(client, 1, Code.cancel);
        client.send(rest, bytes);
        client.request(3);
        await expectResponse(client, 3, 200);
      });
    }
  }
});
