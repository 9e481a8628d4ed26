// One side of a stream that carries a large body each way, and the check that
// what comes is what was sent: every byte, in order, and no more of it at once
// than the window allows.

import assert from "node:assert/strict";
import type {
  HeaderBlock,
  Stream,
  StreamHandler,
} from "../../../wire/index.ts";
import { bodyPiece, isBodyPiece } from "./pattern.ts";

/** How one side behaves. */
export interface TransferOptions {
  readonly sendBytes: number;
  readonly receiveBytes: number;
  /** What write() is given at once; less than the body: the rest on onSent(). */
  readonly pieceBytes: number;
  /** How much is consumed in each turn; Infinity: whatever comes, at once. */
  readonly consumeBytes: number;
  /** The most that may come without being consumed. */
  readonly windowBytes: number;
  /** Told of everything that comes. */
  onProgress?(transfer: Transfer, bytes: number): void;
}

/** One side of one stream. */
export class Transfer implements StreamHandler {
  readonly #options: TransferOptions;
  sentBytes = 0;
  receivedBytes = 0;
  #unconsumedBytes = 0;
  #stream: Stream | undefined;
  /** What onClose() was told. */
  code: number | undefined;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  begin(stream: Stream) {
    this.#stream = stream;
    stream.handler = this;
    this.#write(stream);
  }

  /** A turn has passed: consume some. */
  act() {
    const bytes = Math.min(this.#options.consumeBytes, this.#unconsumedBytes);
    if (bytes === 0) return;
    this.#unconsumedBytes -= bytes;
    this.#stream?.consume(bytes);
  }

  onResponse(_stream: Stream, headers: HeaderBlock) {
    assert.equal(headers.status, 200);
  }

  onData(stream: Stream, data: Buffer, endStream: boolean) {
    const { windowBytes, receiveBytes, consumeBytes } = this.#options;
    assert.ok(isBodyPiece(stream.id, this.receivedBytes, data));
    this.receivedBytes += data.length;
    this.#unconsumedBytes += data.length;
    assert.ok(this.#unconsumedBytes <= windowBytes);
    assert.equal(endStream, this.receivedBytes === receiveBytes);
    this.#options.onProgress?.(this, data.length);
    if (consumeBytes === Number.POSITIVE_INFINITY) this.act();
  }

  onTrailers() {
    assert.fail("nobody sent trailers");
  }

  onSent(stream: Stream) {
    if (stream.queuedBytes < this.#options.pieceBytes) this.#write(stream);
  }

  onClose(_stream: Stream, code: number) {
    assert.equal(this.code, undefined);
    this.code = code;
  }

  #write(stream: Stream) {
    const { sendBytes, pieceBytes } = this.#options;
    while (!stream.localEnded) {
      const length = Math.min(pieceBytes, sendBytes - this.sentBytes);
      const piece = bodyPiece(stream.id, this.sentBytes, length);
      this.sentBytes += length;
      if (!stream.write(piece, this.sentBytes === sendBytes)) return;
    }
  }
}
