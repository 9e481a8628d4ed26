// Writes down what a FrameReader reads, one line for each thing: however the
// bytes were cut into chunks, the lines must be the same.

import assert from "node:assert/strict";
import { FrameReader, type FrameSink } from "../../../wire/frame-reader.ts";

const NOTHING = Buffer.alloc(0);

type Callback = keyof FrameSink;

/** Writes down what is read; the pieces of a body as one. */
export class Recorder implements FrameSink {
  readonly reader = new FrameReader(this);
  readonly lines: string[] = [];
  readonly calls: Callback[] = [];
  /** Stop at the call with this number. */
  stopAt = Number.POSITIVE_INFINITY;
  /** Which chunk is being pushed: bodies must be ranges of it. */
  chunk: Buffer = NOTHING;
  #body: Buffer[] = [];

  push(chunk: Buffer) {
    this.chunk = chunk;
    this.reader.push(chunk);
  }

  onFrameHeader(type: number, streamId: number, length: number) {
    this.#called("onFrameHeader", `header ${type} ${streamId} ${length}`);
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    const payload = bytes.toString("hex", start, end);
    this.#called("onFrame", `frame ${type} ${flags} ${streamId} ${payload}`);
  }

  onDataStart(streamId: number, flags: number, length: number) {
    this.#body = [];
    this.#called("onDataStart", `data ${streamId} ${flags} ${length}`);
  }

  onDataPiece(bytes: Buffer, start: number, end: number, last: boolean) {
    assert.ok(last || end > start, "an empty piece that isn't the last one");
    if (end > start) assert.equal(bytes, this.chunk);
    this.#body.push(bytes.subarray(start, end));
    const body = Buffer.concat(this.#body).toString("hex");
    this.#called("onDataPiece", last ? `body ${body}` : "");
  }

  onBadPadding() {
    this.#called("onBadPadding", "bad padding");
  }

  #called(callback: Callback, line: string) {
    this.calls.push(callback);
    if (line !== "") this.lines.push(line);
    if (this.calls.length >= this.stopAt) this.reader.stop();
  }
}
