// An HTTP/2 connection on any byte stream, for either role. RFC 9113.
//
// This is where the parts meet: bytes go to the FrameReader, frames to the
// receivers, what they say to the Core, what we say to its Sender.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionEvents, ConnectionState } from "./connection-events.ts";
import { Core } from "./core.ts";
import { ErrorCode } from "./error-codes.ts";
import { FrameType, MAX_FRAME_BYTES, MAX_STREAM_ID, PREFACE } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { sendGreeting } from "./greeting.ts";
import type { Limits } from "./limits.ts";
import {
  receiveGoaway,
  receivePing,
  receivePriority,
  receiveReset,
  receiveSettings,
  receiveWindowUpdate,
} from "./receive-control.ts";
import { DataReceiver } from "./receive-data.ts";
import { HeaderReceiver } from "./receive-headers.ts";
import { readShared } from "./shared-reads.ts";
import { type ConnectionSnapshot, takeSnapshot } from "./snapshot.ts";
import type { WireStats } from "./stats.ts";
import { startSweeping, stopSweeping } from "./sweeper.ts";
import {
  type KeepaliveOptions,
  TimeLimits,
  type TimeLimitsOwner,
} from "./time-limits.ts";
import { receiveWasted } from "./wasted.ts";

/** What a PING of ours is for; others carry a number from 3. */
const KEEPALIVE_PING = 1;
const DRAIN_PING = 2;

/** What both roles take. @internal */
export interface ConnectionParts {
  readonly limits: Limits;
  readonly stats: WireStats;
  readonly events: ConnectionEvents;
  readonly keepalive: KeepaliveOptions | undefined;
}

/**
 * A connection.
 */
export class Connection implements FrameSink, TimeLimitsOwner {
  /** @internal */
  protected readonly core: Core;
  readonly #reader: FrameReader;
  readonly #headers: HeaderReceiver;
  readonly #data: DataReceiver;
  readonly #timeLimits: TimeLimits;
  /** How much of the client's preface has come. */
  #prefaceBytes: number;
  #pongs: Map<number, (rttMs: number) => void> | undefined;
  #nextPing = 3;

  /** @internal */
  constructor(socket: Duplex, isServer: boolean, parts: ConnectionParts) {
    this.core = new Core(socket, isServer, parts);
    this.#reader = new FrameReader(this);
    this.#headers = new HeaderReceiver(this.core);
    this.#data = new DataReceiver(this.core);
    this.#prefaceBytes = isServer ? 0 : PREFACE.length;
    this.#timeLimits = new TimeLimits(this.core, {
      reader: this.#reader,
      headers: this.#headers,
      keepalive: parts.keepalive,
      owner: this,
    });
    startSweeping(this.#timeLimits);
    sendGreeting(this.core);
    this.#listen(socket);
  }

  get state(): ConnectionState {
    return this.core.state;
  }

  /** How many streams are open. */
  get openStreams(): number {
    return this.core.streams.size;
  }

  get limits(): Limits {
    return this.core.limits;
  }

  /**
   * Take no new streams, let those that are open end, then close.
   *
   * A server says so in two phases (RFC 9113, section 6.8): first that it is
   * about to stop, and a round trip later where it has stopped, so that no
   * request on its way is lost.
   */
  drain() {
    const { core } = this;
    if (core.state !== "open") return;
    core.state = "draining";
    if (!core.isServer) return this.finishDrain();
    core.sendGoaway(MAX_STREAM_ID, ErrorCode.noError, "");
    core.sendPing(DRAIN_PING);
  }

  /** Say GOAWAY and close at once. Streams that are open are lost. */
  close(code: number = ErrorCode.noError, reason = "closed") {
    if (this.core.state === "closed") return;
    this.core.sendGoaway(this.core.ids.lastPeer, code, "");
    this.core.end(code, reason);
  }

  /** Ask the peer for a sign of life. Not called if there comes none. */
  ping(onPong: (rttMs: number) => void) {
    if (this.core.state === "closed") return;
    this.#pongs ??= new Map();
    const sentAtMs = performance.now();
    this.#pongs.set(this.#nextPing, () => onPong(performance.now() - sentAtMs));
    this.core.sendPing(this.#nextPing++);
  }

  /** What is going on, as plain data. */
  snapshot(): ConnectionSnapshot {
    return takeSnapshot(this.core);
  }

  #listen(socket: Duplex) {
    // What is said in one turn is gathered here: nothing is won by waiting.
    if (socket instanceof Socket) socket.setNoDelay(true);
    readShared(socket, (chunk) => this.receive(chunk));
    socket.on("end", () => this.core.lose("the peer closed the connection"));
    socket.on("error", (error) => this.core.lose(error.message));
    socket.on("close", () => {
      this.core.lose("the connection broke");
      stopSweeping(this.#timeLimits);
    });
  }

  /** Take bytes from the socket. @internal */
  receive(chunk: Buffer) {
    const { core } = this;
    if (core.state === "closed") return;
    core.stats.bytesReceived += chunk.length;
    this.#timeLimits.hasReceived = true;
    let start = 0;
    if (this.#prefaceBytes < PREFACE.length) {
      start = this.#readPreface(chunk);
      if (start < 0) return;
    }
    try {
      this.#reader.push(chunk, start);
    } catch (error) {
      core.onFault(error);
      this.#reader.stop();
    }
    this.#headers.countMemo();
    if (core.output.queuedBytes > core.limits.maxQueuedBytes) {
      core.isPaused = true;
      core.socket.pause();
    }
  }

  /** Section 3.4. Returns where it ended, -1 if it is none. */
  #readPreface(chunk: Buffer): number {
    const step = Math.min(PREFACE.length - this.#prefaceBytes, chunk.length);
    const from = this.#prefaceBytes;
    if (chunk.compare(PREFACE, from, from + step, 0, step) !== 0) {
      this.core.fail(ErrorCode.protocolError, "this is not HTTP/2");
      return -1;
    }
    this.#prefaceBytes += step;
    return step;
  }

  /** @internal */
  onFrameHeader(type: number, streamId: number, length: number) {
    const { core } = this;
    core.stats.framesReceived++;
    const pending = this.#headers.pendingId;
    if (length > MAX_FRAME_BYTES)
      this.#fail(ErrorCode.frameSizeError, "frame too long");
    else if (
      pending !== 0 &&
      (type !== FrameType.continuation || streamId !== pending)
    )
      this.#fail(ErrorCode.protocolError, "a header block was not finished");
    else if (!core.settingsReceived && type !== FrameType.settings)
      this.#fail(ErrorCode.protocolError, "no SETTINGS first");
  }

  /** @internal */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const { core } = this;
    switch (type) {
      case FrameType.headers:
        this.#headers.onHeaders(flags, streamId, bytes, start, end);
        break;
      case FrameType.continuation:
        this.#headers.onContinuation(flags, streamId, bytes, start, end);
        break;
      case FrameType.windowUpdate:
        receiveWindowUpdate(core, streamId, bytes, start, end);
        break;
      case FrameType.rstStream:
        receiveReset(core, streamId, bytes, start, end);
        break;
      case FrameType.priority:
        receivePriority(core, streamId, bytes, start, end);
        break;
      case FrameType.pushPromise:
        core.fail(ErrorCode.protocolError, "PUSH_PROMISE");
        break;
      default:
        if (streamId === 0) this.#onControl(type, flags, bytes, start, end);
        else core.fail(ErrorCode.protocolError, "not on stream 0");
    }
    if (core.state === "closed") this.#reader.stop();
  }

  /** Frames about the connection as a whole. */
  #onControl(
    type: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const { core } = this;
    if (type === FrameType.settings) {
      receiveSettings(core, flags, bytes, start, end);
    } else if (type === FrameType.ping) {
      this.#onPong(receivePing(core, flags, bytes, start, end));
    } else {
      receiveGoaway(core, bytes, start, end);
    }
  }

  /** @internal */
  onDataStart(streamId: number, flags: number, length: number) {
    this.#data.onStart(streamId, flags, length);
    if (this.core.state === "closed") this.#reader.stop();
  }

  /** @internal */
  onDataPiece(bytes: Buffer, start: number, end: number, last: boolean) {
    this.#data.onPiece(bytes, start, end, last);
    if (this.core.state === "closed") this.#reader.stop();
  }

  /** @internal */
  onBadPadding() {
    this.#fail(ErrorCode.protocolError, "padding beyond the frame");
  }

  #fail(code: number, reason: string) {
    this.core.fail(code, reason);
    this.#reader.stop();
  }

  #onPong(data: number) {
    if (data < 0) return;
    if (data === DRAIN_PING && this.isDrainPending) return this.finishDrain();
    if (data === KEEPALIVE_PING && this.#timeLimits.isPinging) return;
    const onPong = this.#pongs?.get(data);
    if (onPong === undefined) return receiveWasted(this.core);
    this.#pongs?.delete(data);
    onPong(0);
  }

  /** @internal */
  get isDrainPending(): boolean {
    const { isServer, state, goawayId } = this.core;
    return isServer && state === "draining" && goawayId === MAX_STREAM_ID;
  }

  /** @internal */
  askForLife() {
    this.core.sendPing(KEEPALIVE_PING);
  }

  /** The second phase: from here on, new streams are refused. @internal */
  finishDrain() {
    const { core } = this;
    if (core.state !== "draining") return;
    core.sendGoaway(core.ids.lastPeer, ErrorCode.noError, "");
    if (core.streams.size === 0) core.end(ErrorCode.noError, "drained");
  }
}
