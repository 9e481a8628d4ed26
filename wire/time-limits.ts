// When it is too late for a connection or a stream. Looks at the clock a few
// times a second, for all connections with one timer.

import type { Core } from "./core.ts";
import { ErrorCode } from "./error-codes.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { HeaderReceiver } from "./receive-headers.ts";
import { countViolation } from "./stats.ts";
import type { Stream } from "./stream.ts";
import { type Swept, stopSweeping } from "./sweeper.ts";

/** A peer has this long to take what we said last, in milliseconds. */
const LINGER_MS = 1_000;

/** Time limits are met to a quarter. */
const PRECISION = 4;

/** A write has one stall time-out for so many bytes, started or not. */
const WRITE_STEP_BYTES = 64 << 10;

/** Nothing has begun that isn't complete. */
const NOT_PARTIAL = -1;

/** Connections that began together don't end together: +- 20 %. */
const AGE_JITTER = 0.2;

/**
 * PINGs that find out whether the peer is there.
 */
export interface KeepaliveOptions {
  /**
   * How long nothing may have come before a PING asks, in milliseconds.
   * gRPC's GRPC_ARG_KEEPALIVE_TIME_MS; servers may refuse less than 10 s.
   */
  readonly intervalMs: number;
  /** How long the answer may take before the connection counts as lost. */
  readonly timeoutMs: number;
  /** Ask also while no stream is open. Defaults to false. */
  readonly withoutStreams?: boolean;
}

/** Whose time limits they are. @internal */
export interface TimeLimitsOwner {
  drain(): void;
  /** Between the two phases of draining. */
  readonly isDrainPending: boolean;
  /** The second phase: the peer had its time. */
  finishDrain(): void;
  /** Send a PING; see isPinging. */
  askForLife(): void;
}

/**
 * The time limits of one connection. @internal
 */
export class TimeLimits implements Swept {
  readonly sweepEveryMs: number;
  /** Something came since the last sweep. */
  hasReceived = false;
  /** A PING of ours that asks for life is under way. */
  isPinging = false;

  readonly #core: Core;
  readonly #reader: FrameReader;
  readonly #headers: HeaderReceiver;
  readonly #owner: TimeLimitsOwner;
  readonly #keepalive: KeepaliveOptions | undefined;
  readonly #openedAtMs = performance.now();
  readonly #goesAtMs: number;
  #receivedAtMs = this.#openedAtMs;
  #pingedAtMs = 0;
  #drainSinceMs = 0;
  #partialSinceMs = 0;
  #progressAtPartial = NOT_PARTIAL;
  /** The stream whose header block came too slowly. */
  #givenUpId = 0;
  #stuckSinceMs = this.#openedAtMs;
  #written = 0;

  constructor(
    core: Core,
    options: {
      readonly reader: FrameReader;
      readonly headers: HeaderReceiver;
      readonly keepalive: KeepaliveOptions | undefined;
      readonly owner: TimeLimitsOwner;
    },
  ) {
    this.#core = core;
    this.#reader = options.reader;
    this.#headers = options.headers;
    this.#keepalive = options.keepalive;
    this.#owner = options.owner;
    const { limits } = core;
    const jitter = 1 + AGE_JITTER * (2 * Math.random() - 1);
    this.#goesAtMs = this.#openedAtMs + limits.maxAgeMs * jitter;
    const shortestMs = Math.min(
      limits.prefaceTimeoutMs,
      limits.headersTimeoutMs,
      limits.stallTimeoutMs,
      limits.idleTimeoutMs,
      limits.maxAgeMs,
      this.#keepalive?.intervalMs ?? Number.POSITIVE_INFINITY,
      this.#keepalive?.timeoutMs ?? Number.POSITIVE_INFINITY,
    );
    this.sweepEveryMs = shortestMs / PRECISION;
  }

  sweep(nowMs: number) {
    const core = this.#core;
    if (core.state === "closed") return this.#sweepClosed(nowMs);
    this.#sweepPreface(nowMs);
    this.#sweepHeaders(nowMs);
    this.#sweepOutput(nowMs);
    this.#sweepLife(nowMs);
    this.#sweepKeepalive(nowMs);
  }

  onFault(error: unknown) {
    this.#core.onFault(error);
  }

  /** What was said last has its time to leave; more, if all is well. */
  #sweepClosed(nowMs: number) {
    const core = this.#core;
    const isLeaving =
      core.closeCode === ErrorCode.noError && core.output.queuedBytes > 0;
    if (isLeaving && !core.socket.destroyed) {
      core.closedAtMs = nowMs;
      return this.#sweepOutput(nowMs);
    }
    if (nowMs - core.closedAtMs < LINGER_MS && !core.socket.destroyed) return;
    core.socket.destroy();
    stopSweeping(this);
  }

  #sweepPreface(nowMs: number) {
    const core = this.#core;
    if (core.settingsReceived) return;
    if (nowMs - this.#openedAtMs < core.limits.prefaceTimeoutMs) return;
    countViolation(core.stats, "prefaceTimeoutMs");
    core.fail(ErrorCode.settingsTimeout, "no preface and SETTINGS in time");
  }

  /** A header block, or any frame but DATA, that doesn't come to its end. */
  #sweepHeaders(nowMs: number) {
    const core = this.#core;
    const headers = this.#headers;
    // A header block progresses when it ends, another frame when it does.
    const progress =
      headers.pendingId !== 0
        ? headers.completed
        : this.#reader.isMidFrame
          ? -2 - this.#reader.frames
          : NOT_PARTIAL;
    if (progress !== this.#progressAtPartial || progress === NOT_PARTIAL) {
      this.#progressAtPartial = progress;
      this.#partialSinceMs = nowMs;
      return;
    }
    const elapsedMs = nowMs - this.#partialSinceMs;
    const { headersTimeoutMs } = core.limits;
    if (elapsedMs >= 2 * headersTimeoutMs)
      return core.violated("headersTimeoutMs", "header block not complete");
    const streamId = headers.pendingId || this.#reader.headersId;
    if (elapsedMs < headersTimeoutMs || streamId === 0) return;
    if (this.#givenUpId === streamId) return;
    this.#givenUpId = streamId;
    countViolation(core.stats, "headersTimeoutMs");
    // From here on it is a stream that was open, and reset.
    if (core.isServer && streamId > core.ids.lastPeer)
      core.ids.noteOpened(streamId);
    core.streamError(streamId, ErrorCode.cancel);
  }

  #sweepOutput(nowMs: number) {
    const core = this.#core;
    const { output, limits } = core;
    for (const stream of core.streams.values()) {
      if (stream.queuedBytes > 0) this.#sweepStream(stream, nowMs);
      else if (stream.endSent) this.#sweepUnread(stream, nowMs);
    }
    const written = output.bytesWritten;
    if (output.inFlightBytes === 0 || written !== this.#written) {
      this.#written = written;
      this.#stuckSinceMs = nowMs;
      return;
    }
    // How much of a write has left, nobody tells: a large one has more time.
    const steps = Math.ceil(output.inFlightBytes / WRITE_STEP_BYTES);
    if (nowMs - this.#stuckSinceMs < limits.stallTimeoutMs * steps) return;
    countViolation(core.stats, "stallTimeoutMs");
    core.lose("the peer does not read");
  }

  /** A stream whose peer opens a window by drips, or not at all. */
  #sweepStream(stream: Stream, nowMs: number) {
    const core = this.#core;
    const { stallTimeoutMs, stallMinBytes } = core.limits;
    // Streams that wait for the socket are its matter.
    const waitsForPeer = stream.sendWindow <= 0 || core.sender.window <= 0;
    if (
      !waitsForPeer ||
      stream.stallSinceMs === 0 ||
      stream.sentBytes - stream.stallSentBytes >= stallMinBytes
    ) {
      stream.stallSinceMs = nowMs;
      stream.stallSentBytes = stream.sentBytes;
    } else if (nowMs - stream.stallSinceMs >= stallTimeoutMs) {
      countViolation(core.stats, "stallTimeoutMs");
      stream.reset(ErrorCode.cancel);
      const violation = core.guard.onStall();
      if (violation !== undefined)
        core.violated(violation, "too many streams that are not read");
    }
  }

  /**
   * A server's answer is out, but its request still comes: nobody needs the
   * rest. RFC 9113, section 8.1.
   */
  #sweepUnread(stream: Stream, nowMs: number) {
    const core = this.#core;
    if (!core.isServer) return;
    if (stream.unreadSinceMs === 0) stream.unreadSinceMs = nowMs;
    if (nowMs - stream.unreadSinceMs >= core.limits.stallTimeoutMs)
      stream.reset(ErrorCode.noError);
  }

  #sweepLife(nowMs: number) {
    const core = this.#core;
    if (core.state === "draining") {
      if (!this.#owner.isDrainPending) return;
      if (this.#drainSinceMs === 0) this.#drainSinceMs = nowMs;
      if (nowMs - this.#drainSinceMs >= LINGER_MS) this.#owner.finishDrain();
      return;
    }
    const isIdle =
      core.streams.size === 0 &&
      nowMs - core.idleSinceMs >= core.limits.idleTimeoutMs;
    if (isIdle) countViolation(core.stats, "idleTimeoutMs");
    const isOld = nowMs >= this.#goesAtMs;
    if (isOld) countViolation(core.stats, "maxAgeMs");
    if (isIdle || isOld) this.#owner.drain();
  }

  #sweepKeepalive(nowMs: number) {
    if (this.hasReceived) {
      this.hasReceived = false;
      this.#receivedAtMs = nowMs;
      this.isPinging = false;
    }
    const keepalive = this.#keepalive;
    const core = this.#core;
    if (keepalive === undefined || core.state === "closed") return;
    if (this.isPinging) {
      if (nowMs - this.#pingedAtMs >= keepalive.timeoutMs)
        core.lose("the peer does not answer PING");
      return;
    }
    if (core.streams.size === 0 && keepalive.withoutStreams !== true) return;
    if (nowMs - this.#receivedAtMs < keepalive.intervalMs) return;
    this.isPinging = true;
    this.#pingedAtMs = nowMs;
    this.#owner.askForLife();
  }
}
