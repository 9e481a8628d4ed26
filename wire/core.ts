// What a connection is, for either role: its streams, its windows, how it ends.
// What frames mean to it is in the receive-*.ts files, what it sends in
// sender.ts, when it is too late in time-limits.ts.

import type { Duplex } from "node:stream";
import type { ClosedBy } from "./closed-by.ts";
import type { ConnectionEvents, ConnectionState } from "./connection-events.ts";
import { ErrorCode } from "./error-codes.ts";
import { Flag, FrameType, MAX_STREAM_ID } from "./frame.ts";
import { Guard } from "./guard.ts";
import type { HeaderBlock } from "./header-block.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { DEFAULT_TABLE_BYTES } from "./hpack/dynamic-table.ts";
import type { Limits } from "./limits.ts";
import { Output } from "./output.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import { Sender } from "./sender.ts";
import { countViolation, type Violation, type WireStats } from "./stats.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import { StreamIds } from "./stream-ids.ts";
import { StreamTable } from "./stream-table.ts";

/**
 * The state of a connection. @internal
 */
export class Core implements StreamOwner {
  readonly isServer: boolean;
  readonly socket: Duplex;
  readonly limits: Limits;
  readonly stats: WireStats;
  readonly events: ConnectionEvents;
  readonly guard: Guard;
  readonly output: Output;
  readonly sender: Sender;
  readonly decoder: HpackDecoder;

  state: ConnectionState = "open";
  readonly streams = new StreamTable();
  /** Streams of the peer's that count among its concurrent ones. */
  slots = 0;
  readonly ids: StreamIds;
  /** The highest id that our GOAWAY promised to look at. */
  goawayId = MAX_STREAM_ID;
  /** The peer sent GOAWAY. */
  peerIsLeaving = false;
  /** A request was not taken because there was no slot. */
  wantsSlot = false;
  /** SETTINGS_MAX_CONCURRENT_STREAMS of the peer. */
  peerMaxStreams = Number.POSITIVE_INFINITY;
  settingsReceived = false;
  settingsAcknowledged = false;

  readonly windows: ReceiveWindows;
  /** Since when there is no stream, and since when we are closed. */
  idleSinceMs: number;
  closedAtMs = 0;
  closeCode: number = ErrorCode.noError;

  /** We don't read because the peer doesn't. */
  isPaused = false;

  constructor(
    socket: Duplex,
    isServer: boolean,
    options: {
      readonly limits: Limits;
      readonly stats: WireStats;
      readonly events: ConnectionEvents;
    },
  ) {
    this.socket = socket;
    this.isServer = isServer;
    this.limits = options.limits;
    this.stats = options.stats;
    this.events = options.events;
    this.ids = new StreamIds(isServer);
    this.idleSinceMs = performance.now();
    this.guard = new Guard(options.limits);
    this.output = new Output(socket, this.stats, this);
    this.windows = new ReceiveWindows(this.limits, this);
    this.sender = new Sender(this.output, this.guard, this);
    this.decoder = new HpackDecoder({
      maxTableBytes: DEFAULT_TABLE_BYTES,
      maxListBytes: this.limits.maxHeaderListBytes,
      maxFields: this.limits.maxHeaderFields,
    });
    this.stats.connections++;
    this.stats.openConnections++;
  }

  // Streams

  /** Open a stream, in either direction. */
  openStream(id: number): Stream {
    const stream = new Stream(
      this,
      id,
      this.sender.initialStreamWindow,
      this.windows.streamBytes,
    );
    this.streams.add(stream);
    this.guard.streams++;
    this.stats.streams++;
    this.stats.openStreams++;
    return stream;
  }

  /** Close a stream that both sides have ended. */
  closeIfEnded(stream: Stream) {
    if (stream.endSent && stream.remoteEnded && !stream.closed)
      this.closeStream(stream, ErrorCode.noError, "end");
  }

  /** The end of a stream, however it came about. */
  closeStream(stream: Stream, code: number, by: ClosedBy) {
    // Whoever was told of another stream's end may have ended this one.
    if (stream.closed) return;
    stream.closed = true;
    stream.closedBy = by;
    this.streams.delete(stream);
    this.stats.openStreams--;
    if (stream.smallDataCost > 0) this.guard.onConsumed(stream.smallDataCost);
    if (stream.queuedBytes > 0) this.sender.drop(stream);
    if (!stream.isHeld) this.released(stream);
    try {
      stream.handler.onClose(stream, code);
    } catch (error) {
      // Whatever it was: the other streams' ends must be told, too.
      this.onFault(error);
    }
    if (this.streams.size === 0) this.#onIdle();
    this.offerSlots();
  }

  /** Tell whoever was not given a stream that there is room now. */
  offerSlots() {
    if (!this.wantsSlot || this.state !== "open") return;
    if (this.streams.size >= this.peerMaxStreams) return;
    this.wantsSlot = false;
    this.events.onAvailable?.();
  }

  /** Refuse a stream that isn't open, or reset one. */
  sendReset(id: number, code: number) {
    this.ids.noteReset(id);
    this.stats.resetsSent++;
    this.control(4, FrameType.rstStream, 0, id);
    this.output.uint32(code);
  }

  /** End a stream because of what its peer did wrong. */
  streamError(id: number, code: number) {
    const violation = this.guard.onStreamError();
    if (violation !== undefined)
      return this.violated(violation, "too many broken streams");
    const stream = this.streams.get(id);
    if (stream === undefined) this.sendReset(id, code);
    else this.reset(stream, code);
  }

  // StreamOwner

  sendHeaders(stream: Stream, headers: HeaderBlock, endStream: boolean) {
    stream.headersSent = true;
    // What answers HEAD has no body, whatever whoever answers thinks.
    const ends = endStream || (this.isServer && stream.isHead);
    if (ends) stream.localEnded = true;
    this.sender.headers(stream, headers, ends);
  }

  sendInformation(stream: Stream, headers: HeaderBlock) {
    this.sender.headers(stream, headers, false);
  }

  sendData(stream: Stream, data: Uint8Array, endStream: boolean): boolean {
    return this.sender.data(stream, data, endStream);
  }

  sendEnd(stream: Stream, trailers: HeaderBlock | undefined) {
    this.sender.end(stream, trailers);
  }

  reset(stream: Stream, code: number) {
    this.sendReset(stream.id, code);
    this.closeStream(stream, code, "local");
  }

  released(stream: Stream) {
    if (!stream.hasSlot) return;
    stream.hasSlot = false;
    if (this.ids.isPeers(stream.id)) this.slots--;
  }

  consumed(stream: Stream, bytes: number) {
    stream.unconsumedBytes -= bytes;
    stream.creditBytes += bytes;
    if (stream.smallDataCost > 0 && stream.unconsumedBytes <= 0) {
      this.guard.onConsumed(stream.smallDataCost);
      stream.smallDataCost = 0;
    }
    this.windows.creditStream(stream);
  }

  sendWindowUpdate(streamId: number, bytes: number) {
    this.control(4, FrameType.windowUpdate, 0, streamId);
    this.output.uint32(bytes);
  }

  /** Begin a control frame: they are counted while nobody reads them. */
  control(length: number, type: number, flags: number, streamId: number) {
    if (++this.output.queuedControlFrames > this.limits.maxQueuedControlFrames)
      this.violated("maxQueuedControlFrames", "answers are not read");
    this.output.frame(length, type, flags, streamId);
  }

  /** The socket took what it was given. */
  onDrained() {
    if (this.state === "closed") return;
    this.sender.pump();
    if (this.isPaused && this.output.queuedBytes < this.limits.maxQueuedBytes) {
      this.isPaused = false;
      this.socket.resume();
    }
  }

  // The end

  /** A limit was violated: that ends the connection. */
  violated(violation: Violation, reason: string) {
    if (this.state === "closed") return;
    countViolation(this.stats, violation);
    this.fail(ErrorCode.enhanceYourCalm, `${reason} (${violation})`);
  }

  /**
   * A handler threw, or we did. That is one connection's matter; the process
   * hears of it as of any error that nobody catches.
   */
  onFault(error: unknown) {
    this.fail(ErrorCode.internalError, "internal error");
    process.nextTick(() => {
      throw error;
    });
  }

  /** A connection error of the peer's. RFC 9113, section 5.4.1. */
  fail(code: number, reason: string) {
    if (this.state === "closed") return;
    this.stats.connectionErrors++;
    this.sendGoaway(this.ids.lastPeer, code, reason);
    this.end(code, reason);
  }

  sendGoaway(lastStreamId: number, code: number, reason: string) {
    const text = Buffer.from(reason);
    // Never more than was said before. Section 6.8.
    this.goawayId = Math.min(this.goawayId, lastStreamId);
    this.output.frame(8 + text.length, FrameType.goaway, 0, 0);
    this.output.uint32(this.goawayId);
    this.output.uint32(code);
    this.output.copy(text, 0, text.length);
  }

  /** Say what was gathered, and end. Streams that are open are lost. */
  end(code: number, reason: string) {
    if (this.state === "closed") return;
    this.state = "closed";
    this.closeCode = code;
    this.closedAtMs = performance.now();
    this.output.end();
    // Unread bytes would make the system cut off what we said last.
    this.socket.resume();
    this.stats.openConnections--;
    for (const stream of this.streams.values())
      this.closeStream(stream, code, "connection");
    this.events.onClose?.(code, reason);
  }

  /** The socket is gone, or not worth an answer any more. */
  lose(reason: string) {
    this.output.clear();
    this.socket.destroy();
    this.end(ErrorCode.noError, reason);
  }

  /** Ask the peer whether it is there, or when it has read all before this. */
  sendPing(data: number, isAck = false, bytes?: Buffer, at = 0) {
    this.control(8, FrameType.ping, isAck ? Flag.ack : 0, 0);
    if (bytes !== undefined) return this.output.copy(bytes, at, at + 8);
    this.output.uint32(0);
    this.output.uint32(data);
  }

  #onIdle() {
    this.idleSinceMs = performance.now();
    if (this.state !== "draining") return;
    if (this.peerIsLeaving || this.goawayId !== MAX_STREAM_ID)
      this.end(ErrorCode.noError, "drained");
  }
}
