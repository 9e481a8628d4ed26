// What the frames mean that carry no message: SETTINGS, PING, GOAWAY,
// WINDOW_UPDATE, RST_STREAM, PRIORITY. RFC 9113, section 6.

import type { Core } from "./core.ts";
import { ErrorCode } from "./error-codes.ts";
import {
  Flag,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  readUint31,
  readUint32,
  Setting,
} from "./frame.ts";
import { receiveWasted } from "./wasted.ts";

const SETTING_BYTES = 6;
const MAX_MAX_FRAME_BYTES = 0xffffff;

/** SETTINGS: apply, then acknowledge. Section 6.5. */
export function receiveSettings(
  core: Core,
  flags: number,
  bytes: Buffer,
  start: number,
  end: number,
) {
  if ((flags & Flag.ack) !== 0) {
    if (end > start)
      return core.fail(ErrorCode.frameSizeError, "SETTINGS ACK with a payload");
    if (!core.settingsReceived)
      return core.fail(ErrorCode.protocolError, "no SETTINGS first");
    if (core.settingsAcknowledged) return receiveWasted(core);
    core.settingsAcknowledged = true;
    return onSettingsAck(core);
  }
  if ((end - start) % SETTING_BYTES !== 0)
    return core.fail(ErrorCode.frameSizeError, "SETTINGS of a broken length");
  if (core.settingsReceived) {
    const violation = core.guard.onSettings();
    if (violation !== undefined)
      return core.violated(violation, "too many SETTINGS");
  }
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    applySetting(core, id, readUint32(bytes, at + 2));
    if (core.state === "closed") return;
  }
  core.settingsReceived = true;
  core.control(0, FrameType.settings, Flag.ack, 0);
  // Not before the peer can know that we go by its new windows.
  for (const stream of core.streams.values()) core.sender.growStream(stream, 0);
  core.events.onSettings?.();
  core.offerSlots();
}

function applySetting(core: Core, id: number, value: number) {
  switch (id) {
    case Setting.headerTableSize:
      core.sender.encoder.setPeerTableBytes(value);
      break;
    case Setting.enablePush:
      // We never push; only a client may say whether it wants it.
      if (value > 1 || (value === 1 && !core.isServer))
        core.fail(ErrorCode.protocolError, "bad SETTINGS_ENABLE_PUSH");
      break;
    case Setting.maxConcurrentStreams:
      core.peerMaxStreams = value;
      break;
    case Setting.initialWindowSize:
      applyInitialWindow(core, value);
      break;
    case Setting.maxFrameSize:
      if (value < MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES)
        core.fail(ErrorCode.protocolError, "bad SETTINGS_MAX_FRAME_SIZE");
      // Ours are never larger than what everybody takes.
      break;
    default:
      // Others concern nothing we do, or are unknown: ignored.
      break;
  }
}

/** Changes what all open streams may send. Section 6.9.2. */
function applyInitialWindow(core: Core, value: number) {
  if (value > MAX_WINDOW_BYTES) {
    core.fail(ErrorCode.flowControlError, "bad SETTINGS_INITIAL_WINDOW_SIZE");
    return;
  }
  const change = value - core.sender.initialStreamWindow;
  core.sender.initialStreamWindow = value;
  if (change === 0) return;
  for (const stream of core.streams.values()) {
    if (stream.sendWindow + change > MAX_WINDOW_BYTES)
      return core.fail(ErrorCode.flowControlError, "a window overflows");
    stream.sendWindow += change;
  }
}

/** Our settings are in force: windows below the default count from here on. */
function onSettingsAck(core: Core) {
  core.decoder.setMaxTableBytes(core.limits.decoderTableBytes);
  const change = core.windows.applySettings();
  if (change === 0) return;
  for (const stream of core.streams.values()) {
    stream.receiveWindow += change;
    // What was consumed may be worth an update now, and nothing else may come.
    core.windows.creditStream(stream);
  }
}

/** WINDOW_UPDATE. Section 6.9. */
export function receiveWindowUpdate(
  core: Core,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) {
  if (end - start !== 4)
    return core.fail(ErrorCode.frameSizeError, "WINDOW_UPDATE's length");
  const violation = core.guard.onWindowUpdate();
  if (violation !== undefined)
    return core.violated(violation, "too many WINDOW_UPDATE");
  const increment = readUint31(bytes, start);
  // Connection errors all: a stream error is what "MadeYouReset" wants.
  if (increment === 0)
    return core.fail(ErrorCode.protocolError, "WINDOW_UPDATE of 0");
  if (streamId === 0) {
    core.sender.window += increment;
    if (core.sender.window > MAX_WINDOW_BYTES)
      return core.fail(ErrorCode.flowControlError, "the window overflows");
    return core.sender.pump();
  }
  const stream = core.streams.get(streamId);
  if (stream === undefined) {
    if (core.ids.isIdle(streamId))
      core.fail(ErrorCode.protocolError, "WINDOW_UPDATE on an idle stream");
    return;
  }
  if (stream.sendWindow + increment > MAX_WINDOW_BYTES) {
    // The RFC asks for this; what follows is for whoever makes us do it often.
    core.sendReset(streamId, ErrorCode.flowControlError);
    return core.fail(ErrorCode.flowControlError, "a stream's window overflows");
  }
  core.sender.growStream(stream, increment);
}

/** RST_STREAM. Section 6.4. */
export function receiveReset(
  core: Core,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) {
  if (end - start !== 4)
    return core.fail(ErrorCode.frameSizeError, "RST_STREAM's length");
  if (streamId === 0 || core.ids.isIdle(streamId))
    return core.fail(ErrorCode.protocolError, "RST_STREAM on an idle stream");
  core.stats.resetsReceived++;
  const stream = core.streams.get(streamId);
  if (stream === undefined) return receiveWasted(core);
  if (core.isServer && !stream.headersSent) {
    const violation = core.guard.onReset();
    if (violation !== undefined)
      return core.violated(violation, "too many resets");
  }
  const code = readUint32(bytes, start);
  const refused = code === ErrorCode.refusedStream && !core.isServer;
  core.closeStream(stream, code, refused ? "refused" : "peer");
}

/** PING: answered, or an answer, which is then returned. Section 6.7. */
export function receivePing(
  core: Core,
  flags: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (end - start !== 8) {
    core.fail(ErrorCode.frameSizeError, "PING's length");
    return -1;
  }
  if ((flags & Flag.ack) !== 0) return readUint32(bytes, start + 4);
  const violation = core.guard.onPing();
  if (violation !== undefined) core.violated(violation, "too many PING");
  else core.sendPing(0, true, bytes, start);
  return -1;
}

/** PRIORITY: deprecated, checked and ignored. Sections 5.3.2 and 6.3. */
export function receivePriority(
  core: Core,
  streamId: number,
  bytes: Buffer,
  start: number,
  end: number,
) {
  if (streamId === 0)
    return core.fail(ErrorCode.protocolError, "PRIORITY on stream 0");
  // Stream errors by the RFC; "MadeYouReset" lives on those.
  if (end - start !== 5)
    return core.fail(ErrorCode.frameSizeError, "PRIORITY's length");
  if (readUint31(bytes, start) === streamId)
    return core.fail(ErrorCode.protocolError, "stream depends on itself");
  const violation = core.guard.onPriority();
  if (violation !== undefined) core.violated(violation, "too many PRIORITY");
}

/** GOAWAY: what it leaves out was never looked at. Section 6.8. */
export function receiveGoaway(
  core: Core,
  bytes: Buffer,
  start: number,
  end: number,
) {
  if (end - start < 8)
    return core.fail(ErrorCode.frameSizeError, "GOAWAY's length");
  const lastStreamId = readUint31(bytes, start);
  const code = readUint32(bytes, start + 4);
  if (core.peerIsLeaving) receiveWasted(core);
  if (core.state === "closed") return;
  core.state = "draining";
  core.peerIsLeaving = true;
  core.events.onGoaway?.(code, lastStreamId);
  if (!core.isServer) {
    for (const stream of core.streams.values())
      if (stream.id > lastStreamId)
        core.closeStream(stream, ErrorCode.refusedStream, "refused");
  }
  if (core.streams.size === 0) core.end(ErrorCode.noError, "the peer left");
}
