// Keeps the books of one connection from outside: all that the peer has sent,
// and all that the engine has said. Whatever the peer does, what the engine
// says must be HTTP/2: complete frames, in an order that the streams' states
// allow, within the windows that were granted, with header blocks that decode.
// RFC 9113, sections 4 to 6.
//
// The peer's frames count when they are sent, so a window is at times larger
// here than the engine knows. It is never smaller.

import {
  content,
  endsStream,
  errorCode,
  type Frame,
  FrameReader,
  firstWord,
  hasFlag,
  settingOf,
} from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  Flag,
  FrameType,
  Setting,
} from "../../support/raw-http2/frames.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { HpackReader } from "../../support/raw-http2/hpack-reader.ts";
import { isBodyPiece } from "./pattern.ts";
import { TableWatch } from "./table-watch.ts";

const MAX_FRAME_BYTES = 16_384;
const MAX_WINDOW_BYTES = 0x7fff_ffff;

/** What is known of one stream. */
export interface StreamBook {
  readonly id: number;
  /** What the peer did. */
  peerBegan: boolean;
  peerEnded: boolean;
  peerReset: boolean;
  /** What the engine did: a final header block, END_STREAM, RST_STREAM. */
  hasHeaders: boolean;
  hasEnded: boolean;
  hasReset: boolean;
  /** The engine's body so far, and what the peer added to its window. */
  bodyBytes: number;
  grantedBytes: number;
  /** The peer's body, and what the engine added to its window. */
  peerBodyBytes: number;
  /** The same without padding; the peer's own count. */
  peerContentBytes: number;
  creditedBytes: number;
}

/** The books of one connection. */
export class Ledger {
  readonly streams = new Map<number, StreamBook>();
  /** PINGs of the engine's that the peer could answer. */
  readonly pings: Buffer[] = [];
  /** SETTINGS of the engine's that the peer has not answered. */
  unansweredSettings = 0;
  frames = 0;
  /** What the peer may send on all streams together, as far as it knows. */
  peerWindow = 65_535;
  /** The window that the engine's SETTINGS give each stream. */
  streamWindow = 65_535;
  maxStreams = Number.POSITIVE_INFINITY;
  /** Streams that the engine began, if it is the client. */
  readonly began: number[] = [];

  readonly #isServer: boolean;
  readonly #fault: (message: string) => void;
  readonly #input = new FrameReader();
  readonly #output = new FrameReader();
  readonly #hpack = new HpackReader();
  readonly #table: TableWatch;
  #prefaceBytes: number;
  #block: { readonly first: Frame; readonly parts: Buffer[] } | undefined;
  #peerSettings: Frame[] = [];
  #peerPings: Buffer[] = [];
  #window = 65_535;
  #initialWindow = 65_535;
  #goawayId = 0x7fff_ffff;
  #lastOwnId = 0;

  /** `isServer` is the engine's role. Faults are the engine's alone. */
  constructor(isServer: boolean, fault: (message: string) => void) {
    this.#isServer = isServer;
    this.#fault = fault;
    this.#table = new TableWatch(fault);
    this.#prefaceBytes = isServer ? 0 : 24;
  }

  book(id: number): StreamBook {
    let book = this.streams.get(id);
    if (book !== undefined) return book;
    book = {
      id,
      ...{ peerBegan: false, peerEnded: false, peerReset: false },
      ...{ hasHeaders: false, hasEnded: false, hasReset: false },
      ...{ bodyBytes: 0, grantedBytes: 0, peerBodyBytes: 0 },
      ...{ peerContentBytes: 0, creditedBytes: 0 },
    };
    this.streams.set(id, book);
    return book;
  }

  /** The peer has sent this, after its preface. */
  sent(bytes: Buffer) {
    for (const frame of this.#input.push(bytes)) this.#onPeerFrame(frame);
  }

  /** The engine has said this. */
  received(bytes: Buffer) {
    const skipped = Math.min(this.#prefaceBytes, bytes.length);
    this.#prefaceBytes -= skipped;
    for (const frame of this.#output.push(bytes.subarray(skipped)))
      this.#onFrame(frame);
  }

  #onPeerFrame(frame: Frame) {
    const { type, streamId, payload } = frame;
    if (type === FrameType.headers) {
      const book = this.book(streamId);
      book.peerBegan = true;
      book.peerEnded ||= endsStream(frame);
    } else if (type === FrameType.data) {
      const book = this.book(streamId);
      book.peerBodyBytes += payload.length;
      book.peerEnded ||= endsStream(frame);
      this.peerWindow -= payload.length;
    } else if (type === FrameType.rstStream) {
      this.book(streamId).peerReset = true;
    } else if (type === FrameType.settings && !hasFlag(frame, Flag.ack)) {
      this.#peerSettings.push(frame);
    } else if (type === FrameType.ping && !hasFlag(frame, Flag.ack)) {
      if (payload.length === 8) this.#peerPings.push(payload);
    } else if (type === FrameType.windowUpdate && payload.length === 4) {
      if (streamId === 0) this.#window += firstWord(frame);
      else this.book(streamId).grantedBytes += firstWord(frame);
    }
  }

  #onFrame(frame: Frame) {
    if (this.frames++ === 0 && frame.type !== FrameType.settings)
      this.#fault("the first frame is not SETTINGS");
    if (frame.payload.length > MAX_FRAME_BYTES) this.#fault("frame too long");
    const isContinued = frame.type === FrameType.continuation;
    if (isContinued !== (this.#block !== undefined))
      return this.#fault(`a header block is interrupted by ${frame.type}`);
    switch (frame.type) {
      case FrameType.headers:
      case FrameType.continuation:
        return this.#onHeaderFrame(frame);
      case FrameType.data:
        return this.#onData(frame);
      case FrameType.rstStream:
        return this.#onReset(frame);
      case FrameType.windowUpdate:
        return this.#onWindowUpdate(frame);
      case FrameType.settings:
        return this.#onSettings(frame);
      case FrameType.ping:
        return this.#onPing(frame);
      case FrameType.goaway:
        return this.#onGoaway(frame);
      default:
        this.#fault(`a frame of type ${frame.type}`);
    }
  }

  #onHeaderFrame(frame: Frame) {
    this.#block ??= { first: frame, parts: [] };
    const { first, parts } = this.#block;
    if (first.streamId !== frame.streamId)
      this.#fault("CONTINUATION elsewhere");
    parts.push(content(frame));
    if (!hasFlag(frame, Flag.endHeaders)) return;
    this.#block = undefined;
    const block = Buffer.concat(parts);
    this.#table.onBlock(block);
    try {
      this.#onBlock(first, this.#hpack.decode(block));
    } catch (error) {
      this.#fault(`a header block does not decode: ${error}`);
    }
  }

  #onBlock(frame: Frame, fields: readonly Field[]) {
    const book = this.book(frame.streamId);
    this.#checkOpen(book, "HEADERS");
    const [first, value = ""] = fields[0] ?? [];
    const isTrailers = first?.startsWith(":") !== true;
    if (isTrailers !== book.hasHeaders)
      this.#fault(`header block ${first} out of place on ${book.id}`);
    if (isTrailers && !endsStream(frame))
      this.#fault(`trailers without END_STREAM on ${book.id}`);
    if (fields.slice(1).some(([name]) => name === ":status"))
      this.#fault(":status is not first");
    if (this.#isServer && !isTrailers) {
      if (first !== ":status") this.#fault(`response begins with ${first}`);
      if (value.startsWith("1")) return;
    } else if (!this.#isServer && !isTrailers) {
      if (book.id <= this.#lastOwnId) this.#fault("a stream id went back");
      this.#lastOwnId = book.id;
      this.began.push(book.id);
    }
    book.hasHeaders = true;
    book.hasEnded = endsStream(frame);
  }

  #onData(frame: Frame) {
    const book = this.book(frame.streamId);
    const bytes = content(frame);
    this.#checkOpen(book, "DATA");
    if (!book.hasHeaders) this.#fault(`DATA before HEADERS on ${book.id}`);
    if (!isBodyPiece(book.id, book.bodyBytes, bytes))
      this.#fault(`wrong body on ${book.id} at ${book.bodyBytes}`);
    book.bodyBytes += frame.payload.length;
    this.#window -= frame.payload.length;
    const left = this.#initialWindow + book.grantedBytes - book.bodyBytes;
    if (frame.payload.length > 0 && left < 0)
      this.#fault(`beyond the window of ${book.id} by ${-left}`);
    if (this.#window < 0) this.#fault("beyond the connection's window");
    book.hasEnded = endsStream(frame);
  }

  #onReset(frame: Frame) {
    const book = this.book(frame.streamId);
    if (frame.payload.length !== 4) this.#fault("RST_STREAM's length");
    if (book.hasReset) this.#fault(`a second RST_STREAM on ${book.id}`);
    // A header block that takes too long is given up before it is complete.
    const hasBegun = book.peerBegan || errorCode(frame) === Code.cancel;
    if (this.#isServer ? !hasBegun : !book.hasHeaders)
      this.#fault(`RST_STREAM on idle stream ${book.id}`);
    book.hasReset = true;
  }

  /** The engine may still send on this stream. */
  #checkOpen(book: StreamBook, what: string) {
    if (book.hasEnded) this.#fault(`${what} after END_STREAM on ${book.id}`);
    if (book.hasReset) this.#fault(`${what} after RST_STREAM on ${book.id}`);
    if (book.id % 2 === 0) this.#fault(`${what} on stream ${book.id}`);
    if (this.#isServer && !book.peerBegan)
      this.#fault(`${what} on idle stream ${book.id}`);
  }

  #onWindowUpdate(frame: Frame) {
    const bytes = frame.payload.length === 4 ? firstWord(frame) : 0;
    if (bytes === 0) return this.#fault("WINDOW_UPDATE of nothing");
    if (frame.streamId === 0) this.peerWindow += bytes;
    if (this.peerWindow > MAX_WINDOW_BYTES)
      this.#fault("the connection's window overflows");
    if (frame.streamId === 0) return;
    const book = this.book(frame.streamId);
    book.creditedBytes += bytes;
    if (book.hasReset) this.#fault(`WINDOW_UPDATE after RST on ${book.id}`);
    const window = this.streamWindow + book.creditedBytes - book.peerBodyBytes;
    if (window > MAX_WINDOW_BYTES) this.#fault(`${book.id}'s window overflows`);
    if (this.#isServer ? !book.peerBegan : !book.hasHeaders)
      this.#fault(`WINDOW_UPDATE on idle stream ${book.id}`);
  }

  #onSettings(frame: Frame) {
    if (!hasFlag(frame, Flag.ack)) {
      this.unansweredSettings++;
      const window = settingOf(frame, Setting.initialWindowSize);
      this.streamWindow = window ?? this.streamWindow;
      const streams = settingOf(frame, Setting.maxConcurrentStreams);
      this.maxStreams = streams ?? this.maxStreams;
      return;
    }
    const answered = this.#peerSettings.shift();
    if (answered === undefined || frame.payload.length > 0)
      return this.#fault("an ACK of no SETTINGS");
    const { payload } = answered;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const id = payload.readUInt16BE(at);
      if (id === Setting.initialWindowSize) this.#initialWindow = value;
      if (id === Setting.headerTableSize) this.#table.allow(value);
    }
  }

  #onPing(frame: Frame) {
    if (frame.payload.length !== 8) return this.#fault("PING's length");
    if (!hasFlag(frame, Flag.ack)) return void this.pings.push(frame.payload);
    const asked = this.#peerPings.shift();
    if (asked?.equals(frame.payload) !== true)
      this.#fault("an answer to a PING that nobody sent");
  }

  #onGoaway(frame: Frame) {
    if (frame.payload.length < 8) return this.#fault("GOAWAY's length");
    const lastId = firstWord(frame);
    if (lastId > this.#goawayId) this.#fault("GOAWAY's last id grew");
    this.#goawayId = lastId;
  }
}
