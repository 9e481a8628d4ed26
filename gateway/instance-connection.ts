// One HTTP/2 connection to an instance, and why calls on it fail: in words for
// callers, who learn the instance's name, but not where it is.

import { connect } from "node:net";
import type { Address } from "../core/index.ts";
import {
  type ClientConnection,
  createClientConnection,
  ErrorCode,
  type HeaderBlock,
  internalLimits,
  resolveLimits,
  type Stream,
  type StreamHandler,
  type WireStats,
} from "../wire/index.ts";
import { ResetBudget } from "./reset-budget.ts";

/** How long a connection may take to open, in milliseconds. Envoy's default. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How long a sign of life may take that was asked for, in milliseconds. */
const KEEPALIVE_TIMEOUT_MS = 20_000;

/**
 * What an instance sends and a caller doesn't read waits here, up to a stream's
 * window for each of the caller's streams: no more than a caller itself may
 * have waiting here.
 */
const limits = resolveLimits(internalLimits, { streamWindowBytes: 256 << 10 });

/** What its owner decides, and wants to hear of. */
export interface InstanceConnectionOptions {
  readonly keepaliveIntervalMs: number;
  /** Counters to add to. */
  readonly stats: WireStats;
  onSettings(maxStreams: number): void;
  onGoaway(code: number): void;
  onClose(): void;
}

/**
 * A connection to an instance, and what failed it.
 */
export class InstanceConnection {
  /** What the socket failed with. */
  error: NodeJS.ErrnoException | undefined;
  /** The instance has said how many calls it allows. */
  hasSettings = false;
  /** What calls on it are cancelled with. */
  readonly resets = new ResetBudget();
  readonly #connection: ClientConnection;

  constructor(address: Address, options: InstanceConnectionOptions) {
    const socket = connect({ ...address, noDelay: true });
    const timeout = setTimeout(() => {
      const seconds = CONNECT_TIMEOUT_MS / 1000;
      socket.destroy(new Error(`no connection within ${seconds} s`));
    }, CONNECT_TIMEOUT_MS);
    socket.once("connect", () => clearTimeout(timeout));
    socket.once("close", () => clearTimeout(timeout));
    // Before the engine hears of it: then the streams end, and ask.
    socket.on("error", (error) => {
      this.error = error;
    });
    const connection = createClientConnection(socket, {
      limits,
      stats: options.stats,
      keepalive: {
        intervalMs: options.keepaliveIntervalMs,
        timeoutMs: KEEPALIVE_TIMEOUT_MS,
      },
      onSettings: () => {
        this.hasSettings = true;
        // One that is about to go says nothing of the next.
        if (connection.state !== "open") return;
        options.onSettings(
          connection.openStreams + connection.availableStreams,
        );
      },
      onGoaway: options.onGoaway,
      onClose: options.onClose,
    });
    this.#connection = connection;
  }

  /** It takes calls, if the instance does. */
  get isOpen(): boolean {
    return this.#connection.state === "open";
  }

  get openStreams(): number {
    return this.#connection.openStreams;
  }

  /** Undefined if the instance takes no more calls here. */
  request(
    headers: HeaderBlock,
    endStream: boolean,
    handler: StreamHandler,
  ): Stream | undefined {
    const stream = this.#connection.request(headers, endStream, handler);
    if (stream !== undefined) stream.context = this;
    return stream;
  }

  /** Take no more calls, and close when those that are open have ended. */
  drain(): void {
    this.#connection.drain();
  }

  /** The same, when no caller is left: calls that were given up end now. */
  close(): void {
    this.drain();
    this.resets.lift();
  }
}

/**
 * Reset a call's stream, as soon as its connection's budget allows. Until then
 * it goes on, and may end by itself; tell forgetReset() when it has closed.
 */
export function resetInTime(stream: Stream, code: number): void {
  const { context: owner } = stream;
  if (owner instanceof InstanceConnection) owner.resets.reset(stream, code);
  else stream.reset(code);
}

/** A stream that was to be reset has closed. */
export function forgetReset(stream: Stream): void {
  const { context: owner } = stream;
  if (owner instanceof InstanceConnection) owner.resets.forget(stream);
}

/**
 * Why a call's stream ended before its answer did: without the address, for
 * the caller to read. `code` is what onClose() was told.
 */
export function describeFailure(stream: Stream, code: number): string {
  switch (stream.closedBy) {
    case "peer":
    case "refused":
      // Without a fault of its own, in the middle of an answer.
      if (code === ErrorCode.noError) return "it broke off";
      return "it reset the stream";
    case "local":
      // `wire` did: we ourselves only reset when nobody asks for reasons.
      if (code === ErrorCode.cancel) return "it takes too long";
      return "it sent what HTTP/2 does not allow";
    default:
      if (code !== ErrorCode.noError) return "it broke the rules of HTTP/2";
      return describeLoss(stream.context);
  }
}

function describeLoss(owner: unknown): string {
  const error = owner instanceof InstanceConnection ? owner.error : undefined;
  if (error === undefined) return "it broke off";
  switch (error.code) {
    case "ECONNREFUSED":
      return "it refused the connection";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection broke";
    default:
      return error.code ?? "the connection failed";
  }
}
