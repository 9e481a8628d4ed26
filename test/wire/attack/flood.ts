// Sending the same again and again, as an attacker does, but not for ever.

import type { RawClient } from "../../support/raw-http2/client.ts";

/** Send bytes until the connection ends, but so many times at most. */
export async function flood(
  client: RawClient,
  bytes: Buffer,
  times: number,
): Promise<void> {
  for (let i = 0; i < times && !client.ended; i++) {
    client.send(bytes);
    await client.sent();
  }
}
