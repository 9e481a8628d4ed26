// One HTTP/2 connection to an instance, and why calls on it fail: in words for
// callers, who learn the instance's name, but not where it is.

import { connect } from "node:net";
import type { Address } from "../core/index.ts";
import {
  type ClientConnection,
  createClientConnection,
  ErrorCode,
  type HeaderBlock,
  type Stream,
  type StreamHandler,
} from "../wire/index.ts";

/** How long a connection may take to open, in milliseconds. Envoy's default. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How long a sign of life may take that was asked for, in milliseconds. */
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** What its owner wants to hear of. */
export interface InstanceConnectionOptions {
  readonly keepaliveIntervalMs: number;
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
