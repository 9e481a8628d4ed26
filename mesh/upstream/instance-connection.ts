// One HTTP/2 connection to an instance, and why calls on it fail: in words for
// callers, who learn the instance's name, but not where it is.

import { connect, isIP, type Socket } from "node:net";
import {
  connect as connectTls,
  type TLSSocket,
  type ConnectionOptions as TlsOptions,
} from "node:tls";
import type { Address } from "../../core/index.ts";
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
} from "../../wire/index.ts";
import { ResetBudget } from "./reset-budget.ts";

/** How long a connection may take to open, in milliseconds. Envoy's default. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How long a sign of life may take that was asked for, in milliseconds. */
const KEEPALIVE_TIMEOUT_MS = 20_000;

/**
 * What an instance sends and a caller doesn't read waits here, up to a stream's
 * window for each of the caller's streams: no more than a caller itself may
 * have waiting here.
 *
 * How slowly an instance takes a request is for the call's deadline to judge: it
 * is no attack, and all callers share the connection. So any progress will do
 * for a stream (none at all, too). An instance that reads nothing any more is
 * found by its socket, or by keepalive.
 */
export const instanceLimits = resolveLimits(internalLimits, {
  streamWindowBytes: 256 << 10,
  stallMinBytes: 0,
});

/** What its owner decides, and wants to hear of. */
export interface InstanceConnectionOptions {
  readonly keepaliveIntervalMs: number;
  /** Counters to add to. */
  readonly stats: WireStats;
  /** Undefined for cleartext. */
  readonly tls: TlsOptions | undefined;
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
  /**
   * There was a connection. Without, nothing of what was to be sent has left,
   * or nobody has understood it.
   */
  wasConnected = false;
  /** The instance has said how many calls it allows. */
  hasSettings = false;
  /** What the instance ended the connection for, if it said so. */
  goawayCode: number = ErrorCode.noError;
  /** What calls on it are cancelled with. */
  readonly resets = new ResetBudget();
  readonly #connection: ClientConnection;
  #onConnected: (() => void)[] = [];

  constructor(address: Address, options: InstanceConnectionOptions) {
    const socket = this.#connect(address, options.tls);
    const timeout = setTimeout(() => {
      const seconds = CONNECT_TIMEOUT_MS / 1000;
      socket.destroy(new Error(`no connection within ${seconds} s`));
    }, CONNECT_TIMEOUT_MS);
    socket.once(options.tls ? "secureConnect" : "connect", () =>
      clearTimeout(timeout),
    );
    socket.once("close", () => clearTimeout(timeout));
    const connection = createClientConnection(socket, {
      limits: instanceLimits,
      stats: options.stats,
      keepalive: {
        intervalMs: options.keepaliveIntervalMs,
        timeoutMs: KEEPALIVE_TIMEOUT_MS,
      },
      onSettings: () => {
        this.hasSettings = true;
        // One that is about to go says nothing of the next.
        if (connection.state !== "open") return;
        options.onSettings(connection.peerMaxStreams);
      },
      onGoaway: (code) => {
        this.goawayCode = code;
        options.onGoaway(code);
      },
      onClose: options.onClose,
    });
    this.#connection = connection;
  }

  #connect(address: Address, tls: TlsOptions | undefined): Socket {
    const socket =
      tls === undefined
        ? connect({ ...address, noDelay: true })
        : connectTls({
            // Which of its names the instance is called by; addresses are none.
            ...(isIP(address.host) === 0 && { servername: address.host }),
            ...tls,
            ...address,
            ALPNProtocols: ["h2"],
          });
    // Before the engine hears of it: then the streams end, and ask.
    socket.on("error", (error) => {
      this.error = error;
    });
    if (tls === undefined) socket.once("connect", () => this.#connected());
    else
      socket.once("secureConnect", () => {
        if ((socket as TLSSocket).alpnProtocol === "h2") this.#connected();
        else socket.destroy(new Error("it speaks no HTTP/2 over TLS"));
      });
    return socket;
  }

  #connected(): void {
    this.wasConnected = true;
    const waiting = this.#onConnected;
    this.#onConnected = [];
    for (const onConnected of waiting) onConnected();
  }

  /** It takes calls, if the instance does. */
  get isOpen(): boolean {
    return this.#connection.state === "open";
  }

  get openStreams(): number {
    return this.#connection.openStreams;
  }

  /** Call a function once there is a connection: now, later, or never. */
  whenConnected(onConnected: () => void): void {
    if (this.wasConnected) onConnected();
    else this.#onConnected.push(onConnected);
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

  /** Close at once: open calls are lost. */
  cut(): void {
    this.#connection.close();
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
 * Whether the instance has certainly not looked at a call whose stream ended,
 * so that it may be repeated on another. Not if the instance blamed the
 * connection: this very call may be why, and the next connection would follow.
 */
export function wasNeverSeen({ closedBy, context: owner }: Stream): boolean {
  if (!(owner instanceof InstanceConnection)) return closedBy === "refused";
  if (closedBy === "refused") return owner.goawayCode === ErrorCode.noError;
  return closedBy === "connection" && !owner.wasConnected;
}

/** Call a function once a stream's connection stands; perhaps never. */
export function whenConnected(stream: Stream, onConnected: () => void): void {
  const { context: owner } = stream;
  if (owner instanceof InstanceConnection) owner.whenConnected(onConnected);
}

/** What a stream's connection failed with, if it was its socket that failed. */
export function socketError(stream: Stream): Error | undefined {
  const { context: owner } = stream;
  return owner instanceof InstanceConnection ? owner.error : undefined;
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
