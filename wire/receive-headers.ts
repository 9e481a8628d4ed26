// What header blocks mean: requests, responses, trailers. RFC 9113, sections
// 5.1, 6.2, 6.10 and 8.1.

import type { Core } from "./core.ts";
import { ErrorCode } from "./error-codes.ts";
import { Flag, MAX_FRAME_BYTES, readUint31 } from "./frame.ts";
import { createHeaderBlock, type HeaderBlock } from "./header-block.ts";
import {
  judgeRequest,
  judgeResponse,
  judgeTrailers,
  Ruling,
} from "./message-rules.ts";
import { countViolation, type Violation } from "./stats.ts";
import type { Stream } from "./stream.ts";
import { receiveWasted } from "./wasted.ts";

const PRIORITY_BYTES = 5;

/** So many 1xx may come before an answer. They are passed on at once. */
const MAX_INTERIM_ANSWERS = 100;

const badRequest = createHeaderBlock([
  [":status", "400"],
  ["content-length", "0"],
]);
const tooLarge = createHeaderBlock([
  [":status", "431"],
  ["content-length", "0"],
]);

/**
 * Takes HEADERS and CONTINUATION frames.
 */
export class HeaderReceiver {
  /** The stream whose header block isn't complete; 0 if there is none. */
  pendingId = 0;
  /** Complete header blocks so far. */
  completed = 0;

  readonly #core: Core;
  #pendingFlags = 0;
  #continuations = 0;
  #fragments: Buffer[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  onHeaders(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const core = this.#core;
    if (streamId === 0)
      return core.fail(ErrorCode.protocolError, "HEADERS on stream 0");
    let from = start;
    let to = end;
    if ((flags & Flag.padded) !== 0) {
      const padding = from < to ? (bytes[from] as number) : MAX_FRAME_BYTES;
      from++;
      to -= padding;
    }
    if ((flags & Flag.priority) !== 0) {
      // As "MadeYouReset" does it: never a stream error.
      if (from + 4 <= to && readUint31(bytes, from) === streamId)
        return core.fail(ErrorCode.protocolError, "stream depends on itself");
      from += PRIORITY_BYTES;
    }
    if (from > to)
      return core.fail(ErrorCode.protocolError, "padding beyond the frame");
    if ((flags & Flag.endHeaders) !== 0)
      return this.#complete(flags, streamId, bytes, from, to);
    this.pendingId = streamId;
    this.#pendingFlags = flags;
    this.#continuations = 0;
    this.#fragments = [Buffer.from(bytes.subarray(from, to))];
  }

  onContinuation(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const core = this.#core;
    if (streamId !== this.pendingId || streamId === 0)
      return core.fail(ErrorCode.protocolError, "CONTINUATION of nothing");
    if (++this.#continuations > core.limits.maxContinuationFrames)
      return core.violated("maxContinuationFrames", "header block too long");
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
    if ((flags & Flag.endHeaders) === 0) return;
    const block = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.pendingId = 0;
    this.#complete(this.#pendingFlags, streamId, block, 0, block.length);
  }

  #complete(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const core = this.#core;
    this.completed++;
    // Always, whatever becomes of it: the table must be kept in step.
    const block = core.decoder.decode(bytes, start, end);
    if (block === undefined && core.decoder.failure !== "oversize") {
      if (core.decoder.failure === "flood")
        return core.violated(this.#exceeded, "header list far too long");
      return core.fail(ErrorCode.compressionError, "not HPACK");
    }
    const endStream = (flags & Flag.endStream) !== 0;
    const stream = core.streams.get(streamId);
    if (stream !== undefined) this.#onKnown(stream, block, endStream);
    else this.#onUnknown(streamId, block, endStream);
  }

  /** Add to the counters what the decoder's memo did since the last time. */
  countMemo() {
    const { decoder, stats } = this.#core;
    stats.memoHits += decoder.memoHits;
    stats.memoMisses += decoder.memoMisses;
    decoder.memoHits = 0;
    decoder.memoMisses = 0;
  }

  /** Which limit the last header list was above. */
  get #exceeded(): Violation {
    return this.#core.decoder.hasTooManyFields
      ? "maxHeaderFields"
      : "maxHeaderListBytes";
  }

  #onKnown(stream: Stream, block: HeaderBlock | undefined, endStream: boolean) {
    const core = this.#core;
    if (stream.remoteEnded)
      return core.fail(ErrorCode.streamClosed, "HEADERS after END_STREAM");
    if (block === undefined) {
      countViolation(core.stats, this.#exceeded);
      return core.streamError(stream.id, ErrorCode.enhanceYourCalm);
    }
    if (!stream.headersReceived)
      return onResponse(core, stream, block, endStream);
    // Trailers: nothing may follow them. Section 8.1.
    const isFine =
      endStream &&
      stream.expectedBytes <= 0 &&
      judgeTrailers(block) === Ruling.fine;
    if (!isFine) return core.streamError(stream.id, ErrorCode.protocolError);
    stream.remoteEnded = true;
    stream.handler.onTrailers(stream, block);
    core.closeIfEnded(stream);
  }

  #onUnknown(
    streamId: number,
    block: HeaderBlock | undefined,
    endStream: boolean,
  ) {
    const core = this.#core;
    if (core.ids.wasReset(streamId)) return receiveWasted(core);
    if (!core.ids.isIdle(streamId))
      return core.fail(ErrorCode.streamClosed, "HEADERS on a closed stream");
    const isNew =
      core.isServer && streamId % 2 === 1 && streamId > core.ids.lastPeer;
    if (!isNew)
      return core.fail(ErrorCode.protocolError, "HEADERS on an idle stream");
    core.ids.noteOpened(streamId);
    // Opened after we said where we stop: the peer knows that it is ignored.
    if (streamId > core.goawayId) return refuse(core, streamId);
    if (core.slots >= core.limits.maxConcurrentStreams) {
      countViolation(core.stats, "maxConcurrentStreams");
      return refuse(core, streamId);
    }
    if (block === undefined) countViolation(core.stats, this.#exceeded);
    onRequest(core, streamId, block, endStream);
  }
}

/** Take a stream not at all: the peer may try it elsewhere. */
function refuse(core: Core, streamId: number) {
  core.sendReset(streamId, ErrorCode.refusedStream);
  const violation = core.guard.onRefusal();
  if (violation !== undefined)
    core.violated(violation, "too many streams at once");
}

/** A new stream. Without a block, its header list is too large. */
function onRequest(
  core: Core,
  streamId: number,
  block: HeaderBlock | undefined,
  endStream: boolean,
) {
  const ruling = block === undefined ? Ruling.badRequest : judgeRequest(block);
  if (ruling === Ruling.malformed)
    return core.streamError(streamId, ErrorCode.protocolError);
  const length = block?.contentLength ?? -1;
  if (endStream && length > 0)
    return core.streamError(streamId, ErrorCode.protocolError);
  const stream = core.openStream(streamId);
  core.slots++;
  stream.headersReceived = true;
  stream.expectedBytes = length;
  stream.remoteEnded = endStream;
  stream.isHead = block?.method === "HEAD";
  if (block === undefined || ruling === Ruling.badRequest) {
    stream.respond(block === undefined ? tooLarge : badRequest, true);
    // The rest of the request is of no use to anybody. Section 8.1.
    return stream.reset(ErrorCode.noError);
  }
  core.events.onRequest?.(stream, block, endStream);
}

/** The answer to a request of ours, or an interim one. */
function onResponse(
  core: Core,
  stream: Stream,
  block: HeaderBlock,
  endStream: boolean,
) {
  const { status } = block;
  const isInterim = status < 200;
  if (judgeResponse(block) !== Ruling.fine || (isInterim && endStream))
    return core.streamError(stream.id, ErrorCode.protocolError);
  if (isInterim) {
    if (++stream.interimAnswers > MAX_INTERIM_ANSWERS)
      return core.streamError(stream.id, ErrorCode.enhanceYourCalm);
    stream.handler.onInformation?.(stream, block);
    return;
  }
  stream.headersReceived = true;
  const hasBody = !stream.isHead && status !== 204 && status !== 304;
  stream.expectedBytes = hasBody ? block.contentLength : -1;
  if (endStream && stream.expectedBytes > 0)
    return core.streamError(stream.id, ErrorCode.protocolError);
  stream.remoteEnded = endStream;
  stream.handler.onResponse?.(stream, block, endStream);
  core.closeIfEnded(stream);
}
