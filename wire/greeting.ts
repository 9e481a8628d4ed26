// What each side of a connection says first. RFC 9113, section 3.4.

import type { Core } from "./core.ts";
import { DEFAULT_WINDOW_BYTES, FrameType, PREFACE, Setting } from "./frame.ts";

import { DEFAULT_TABLE_BYTES } from "./hpack/dynamic-table.ts";

const SETTING_BYTES = 6;

/** Send the preface, if we are the client, our settings, and our window. */
export function sendGreeting(core: Core): void {
  const { limits, output } = core;
  const settings: [id: number, value: number][] = [
    [Setting.initialWindowSize, limits.streamWindowBytes],
    [Setting.maxHeaderListSize, limits.maxHeaderListBytes],
  ];
  if (limits.decoderTableBytes !== DEFAULT_TABLE_BYTES)
    settings.push([Setting.headerTableSize, limits.decoderTableBytes]);
  if (core.isServer) {
    settings.push(
      [Setting.maxConcurrentStreams, limits.maxConcurrentStreams],
      [Setting.noRfc7540Priorities, 1],
    );
  } else {
    output.copy(PREFACE, 0, PREFACE.length);
    settings.push([Setting.enablePush, 0]);
  }
  output.frame(SETTING_BYTES * settings.length, FrameType.settings, 0, 0);
  for (const [id, value] of settings) {
    output.uint16(id);
    output.uint32(value);
  }
  if (limits.connectionWindowBytes > DEFAULT_WINDOW_BYTES)
    core.windows.growConnection(
      limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES,
    );
  // At once, if it can be: a client may wait for it.
  output.flush();
}
