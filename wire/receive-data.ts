// What DATA frames mean: bodies, and both windows. RFC 9113, sections 5.2,
// 6.1 and 8.1.1.

import type { Core } from "./core.ts";
import { ErrorCode } from "./error-codes.ts";
import { Flag } from "./frame.ts";
import type { Stream } from "./stream.ts";
import { receiveWasted } from "./wasted.ts";

/**
 * Takes DATA frames, piece by piece.
 */
export class DataReceiver {
  readonly #core: Core;
  /** The stream of the frame that is being read; none, if it is ignored. */
  #stream: Stream | undefined;
  #endStream = false;
  /** The frame's payload as the windows count it, and its body so far. */
  #frameBytes = 0;
  #bodyBytes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  onStart(streamId: number, flags: number, length: number) {
    const core = this.#core;
    this.#stream = undefined;
    if (streamId === 0)
      return core.fail(ErrorCode.protocolError, "DATA on stream 0");
    core.windows.connectionBytes -= length;
    if (core.windows.connectionBytes < 0)
      return core.fail(ErrorCode.flowControlError, "beyond the window");
    core.windows.creditConnection(length);
    const stream = core.streams.get(streamId);
    if (stream === undefined) return this.#onUnknown(streamId);
    if (stream.remoteEnded)
      return core.fail(ErrorCode.streamClosed, "DATA after END_STREAM");
    if (!stream.headersReceived)
      return core.streamError(streamId, ErrorCode.protocolError);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0)
      return core.fail(ErrorCode.flowControlError, "beyond a stream's window");
    this.#stream = stream;
    this.#endStream = (flags & Flag.endStream) !== 0;
    this.#frameBytes = length;
    this.#bodyBytes = 0;
  }

  onPiece(bytes: Buffer, start: number, end: number, last: boolean) {
    const stream = this.#stream;
    if (stream === undefined || stream.closed) return;
    const length = end - start;
    this.#bodyBytes += length;
    if (last) {
      // An idle connection must not keep its last stream alive.
      this.#stream = undefined;
      this.#checkFrame(stream);
      if (stream.closed) return;
    }
    const ends = last && this.#endStream;
    if (stream.expectedBytes >= 0) {
      stream.expectedBytes -= length;
      const isWrong =
        stream.expectedBytes < 0 || (ends && stream.expectedBytes > 0);
      if (isWrong)
        return this.#core.streamError(stream.id, ErrorCode.protocolError);
    }
    if (length === 0 && !ends) return;
    stream.unconsumedBytes += length;
    if (ends) stream.remoteEnded = true;
    stream.handler.onData(stream, bytes.subarray(start, end), ends);
    if (ends) this.#core.closeIfEnded(stream);
  }

  /** At a frame's end: is it worth its while? Padding is ours to consume. */
  #checkFrame(stream: Stream) {
    const padding = this.#frameBytes - this.#bodyBytes;
    if (padding > 0) {
      stream.creditBytes += padding;
      this.#core.windows.creditStream(stream);
    }
    if (this.#endStream) return;
    const { guard } = this.#core;
    const violation = guard.onData(this.#bodyBytes);
    if (violation !== undefined)
      this.#core.violated(violation, "too many frames for what they carry");
    else stream.smallDataCost += guard.costOf(this.#bodyBytes);
  }

  #onUnknown(streamId: number) {
    const core = this.#core;
    if (core.ids.wasReset(streamId)) {
      receiveWasted(core);
      return;
    }
    if (core.ids.isIdle(streamId))
      return core.fail(ErrorCode.protocolError, "DATA on an idle stream");
    core.fail(ErrorCode.streamClosed, "DATA on a closed stream");
  }
}
