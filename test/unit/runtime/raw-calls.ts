// Calls whose frames the test has in its hand.

import type { RawClient } from "../../support/raw-http2/client.ts";
import { data } from "../../support/raw-http2/frames.ts";
import { headersOf, type RawProtocol } from "../../support/raw-rpc.ts";
import { PATHS } from "./greeter-server.ts";

/** Begin a call; its request is left open. */
export function begin(
  client: RawClient,
  streamId: number,
  protocol: RawProtocol,
  path: string,
): void {
  const fields = Object.entries(headersOf(protocol));
  const parts = { method: "POST", path, fields };
  client.request(streamId, parts, { endStream: false });
}

/** Make a whole call. */
export function call(
  client: RawClient,
  streamId: number,
  json = '{"name":"john"}',
): void {
  begin(client, streamId, "Connect unary", PATHS.hello);
  client.send(data(streamId, json, { endStream: true }));
}
