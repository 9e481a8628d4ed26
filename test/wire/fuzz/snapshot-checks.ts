// What must hold of a connection at any time, as its snapshot shows it.

import type { ConnectionSnapshot, Limits } from "../../../wire/index.ts";

const MAX_WINDOW_BYTES = 0x7fff_ffff;
const MAX_TABLE_BYTES = 4_096;

/** Report everything about an open connection that can't be. */
export function checkSnapshot(
  snapshot: ConnectionSnapshot,
  limits: Limits,
  fault: (message: string) => void,
) {
  if (snapshot.state === "closed") return;
  const { openStreams, slots, decoderTableBytes } = snapshot;
  checkWindows(snapshot, fault);
  if (snapshot.queuedBytes < 0) fault("queuedBytes is negative");
  if (decoderTableBytes > MAX_TABLE_BYTES) fault("the table is too large");
  const most = limits.maxConcurrentStreams;
  if (slots < 0 || slots > most) fault(`${slots} slots of ${most}`);
  const isServer = snapshot.role === "server";
  if (isServer && openStreams.length > slots)
    fault(`${openStreams.length} streams in ${slots} slots`);
  if (!isServer && openStreams.length === 0 && snapshot.state === "draining")
    fault("a client that drains has no streams, and goes on");
}

function checkWindows(
  { sendWindow, receiveWindow, openStreams }: ConnectionSnapshot,
  fault: (message: string) => void,
) {
  const windows = [sendWindow, receiveWindow];
  if (sendWindow < 0 || receiveWindow < 0)
    fault("the connection's window is negative");
  for (const stream of openStreams) {
    windows.push(stream.sendWindow, stream.receiveWindow);
    if (stream.unconsumedBytes < 0 || stream.queuedBytes < 0)
      fault(`negative counts: ${JSON.stringify(stream)}`);
  }
  for (const window of windows)
    if (!(window <= MAX_WINDOW_BYTES)) fault(`a window of ${window}`);
}
