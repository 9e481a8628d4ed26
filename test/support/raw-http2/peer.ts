// One end of an HTTP/2 connection in the test's own hand: it sends the bytes it
// is given, right or wrong, keeps every frame that comes in, and waits for what
// a test wants to see. client.ts and server.ts say how one begins.

import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import {
  content,
  describe,
  type Frame,
  FrameReader,
  hasFlag,
} from "./frame-reader.ts";
import { Flag, FrameType, ping, settingsAck } from "./frames.ts";
import { HpackReader } from "./hpack-reader.ts";

/** No wait of a peer takes longer, in milliseconds: what is waited for failed. */
const WAIT_LIMIT_MS = 10_000;

/** How many of the last frames an error message shows. */
const SHOWN_FRAMES = 12;

/** How a peer behaves by itself. */
export interface PeerOptions {
  /** Acknowledge SETTINGS and PING. Defaults to true. */
  readonly answers?: boolean;
}

/** A connection whose bytes the test writes and reads. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  /** All frames that came in so far. */
  readonly frames: Frame[] = [];
  /** The other side has ended its side, or the connection is gone. */
  ended = false;
  readonly #answers: boolean;
  readonly #reader = new FrameReader();
  readonly #hpack = new HpackReader();
  readonly #waiting = new Set<() => void>();
  #blockStart: Frame | undefined;
  #block: Buffer[] = [];
  #failure: Error | undefined;
  #unwritten = 0;

  constructor(socket: Socket, options: PeerOptions = {}) {
    this.socket = socket;
    this.#answers = options.answers ?? true;
    socket.on("data", (chunk: Buffer) => this.receive(chunk));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    // A reset is one of the ways in which the other side ends it.
    socket.on("error", () => {});
  }

  /** Write bytes; once the connection is over, they vanish. */
  send(...parts: readonly Uint8Array[]): void {
    if (!this.socket.writable) return;
    this.#unwritten++;
    this.socket.write(Buffer.concat(parts), () => {
      this.#unwritten--;
      this.#notify();
    });
  }

  /** Wait until all that was sent is with the system, or nobody wants it. */
  async sent(): Promise<void> {
    await this.until("everything is written", () =>
      this.ended || this.#unwritten === 0 ? true : undefined,
    );
    // Whoever sends in a loop must not keep this process from reading.
    await setImmediate();
  }

  /** Stop reading from the system, so that its buffers fill up. */
  pause(): void {
    this.socket.pause();
  }

  /** Read on. */
  resume(): void {
    this.socket.resume();
  }

  /** Take bytes as if they had come from the socket. */
  receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#notify();
  }

  /**
   * Wait until `look` finds something, and resolve with that; it looks again
   * whenever anything happened. Rejects once it can't come any more.
   */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        stop();
        reject(new Error(`${why} before ${what}; got ${this.#summary()}`));
      };
      const check = () => {
        const found = look();
        if (found !== undefined) {
          stop();
          resolve(found);
        } else if (this.#failure) {
          fail(this.#failure.message);
        } else if (this.ended) {
          fail("the connection ended");
        }
      };
      const limit = setTimeout(() => fail("the time ran out"), WAIT_LIMIT_MS);
      const stop = () => {
        clearTimeout(limit);
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Wait for a frame; those that came before count, from index `from`. */
  frame(
    what: string,
    matches: (frame: Frame) => boolean,
    from = 0,
  ): Promise<Frame> {
    let next = from;
    return this.until(what, () => {
      while (next < this.frames.length) {
        const frame = this.frames[next++];
        if (frame !== undefined && matches(frame)) return frame;
      }
      return undefined;
    });
  }

  /** Cut the connection off. */
  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(frame: Frame): void {
    this.frames.push(frame);
    this.#decode(frame);
    if (!this.#answers || hasFlag(frame, Flag.ack)) return;
    if (frame.type === FrameType.settings) this.send(settingsAck());
    if (frame.type === FrameType.ping) this.send(ping(frame.payload, true));
  }

  /** Header blocks have to be decoded as they come, wanted or not. */
  #decode(frame: Frame): void {
    const { type } = frame;
    if (type === FrameType.headers || type === FrameType.pushPromise) {
      this.#blockStart = frame;
      this.#block = [];
    } else if (type !== FrameType.continuation) {
      return;
    }
    this.#block.push(content(frame));
    if (this.#blockStart === undefined || !hasFlag(frame, Flag.endHeaders)) {
      return;
    }
    this.#blockStart.fields = this.#hpack.decode(Buffer.concat(this.#block));
    this.#blockStart = undefined;
  }

  #end(): void {
    this.ended = true;
    this.#notify();
  }

  #notify(): void {
    for (const check of [...this.#waiting]) check();
  }

  #summary(): string {
    const hidden = Math.max(0, this.frames.length - SHOWN_FRAMES);
    const shown = this.frames.slice(hidden).map(describe).join(", ");
    return `${hidden > 0 ? `${hidden} frames, ` : ""}${shown || "nothing"}`;
  }
}
