// What tests expect of the other side of a raw connection. Each waits until it
// has happened, and fails with what came instead.

import assert from "node:assert/strict";
import { content, endsStream, errorCode, type Frame } from "./frame-reader.ts";
import { Code, FrameType } from "./frames.ts";
import type { Field } from "./hpack.ts";
import type { RawPeer } from "./peer.ts";

/** What came back on a stream. */
export interface RawAnswer {
  /** The header blocks in their order: 1xx, response, trailers. */
  readonly blocks: readonly (readonly Field[])[];
  /** The final status; 0 if there was none. */
  readonly status: number;
  readonly body: Buffer;
  /** The code of RST_STREAM, if the stream ended so. */
  readonly resetCode: number | undefined;
}

/** Wait for the end of a stream, by END_STREAM or RST_STREAM. */
export async function answerOn(
  peer: RawPeer,
  streamId: number,
): Promise<RawAnswer> {
  const isEnd = (frame: Frame) =>
    frame.streamId === streamId &&
    (endsStream(frame) || frame.type === FrameType.rstStream);
  const last = await peer.frame(`stream ${streamId} has ended`, isEnd);
  const frames = peer.frames.filter((frame) => frame.streamId === streamId);
  const blocks = frames.flatMap(({ fields }) => (fields ? [fields] : []));
  const statuses = blocks.map((fields) => Number(fieldOf(fields, ":status")));
  const pieces = frames.filter(({ type }) => type === FrameType.data);
  return {
    blocks,
    status: statuses.find((status) => status >= 200) ?? 0,
    body: Buffer.concat(pieces.map(content)),
    resetCode: last.type === FrameType.rstStream ? errorCode(last) : undefined,
  };
}

/** Expect a complete response with that status. */
export async function expectResponse(
  peer: RawPeer,
  streamId: number,
  status: number,
): Promise<RawAnswer> {
  const answer = await answerOn(peer, streamId);
  const { resetCode } = answer;
  assert.deepEqual(
    { status: answer.status, resetCode: codeName(resetCode) },
    { status, resetCode: codeName(undefined) },
    `the answer on stream ${streamId}`,
  );
  return answer;
}

/** Expect RST_STREAM with that code. */
export async function expectReset(
  peer: RawPeer,
  streamId: number,
  code: number,
): Promise<void> {
  const isReset = (frame: Frame) =>
    frame.type === FrameType.rstStream && frame.streamId === streamId;
  const reset = await peer.frame(`RST_STREAM on ${streamId}`, isReset);
  const what = `the code of RST_STREAM on stream ${streamId}`;
  assert.equal(codeName(errorCode(reset)), codeName(code), what);
}

/** Expect GOAWAY with that code, and then the end of the connection. */
export async function expectGoaway(
  peer: RawPeer,
  code: number,
): Promise<Frame> {
  const isGoaway = ({ type }: Frame) => type === FrameType.goaway;
  const goaway = await peer.frame("GOAWAY", isGoaway);
  assert.equal(codeName(errorCode(goaway)), codeName(code), "GOAWAY's code");
  await expectClosed(peer);
  return goaway;
}

/**
 * Expect the end of a connection to which much is still being written: the
 * system may lose its GOAWAY. If it came, it must have that code.
 */
export async function expectCutOff(peer: RawPeer, code: number): Promise<void> {
  await expectClosed(peer);
  const goaway = peer.frames.find(({ type }) => type === FrameType.goaway);
  if (goaway === undefined) return;
  assert.equal(codeName(errorCode(goaway)), codeName(code), "GOAWAY's code");
}

/** Expect the other side to end the connection. */
export async function expectClosed(peer: RawPeer): Promise<void> {
  await peer.until("the connection has ended", () =>
    peer.ended ? true : undefined,
  );
}

/** The first value of a field, or undefined. */
export function fieldOf(
  fields: readonly Field[],
  name: string,
): string | undefined {
  return fields.find((field) => field[0] === name)?.[1];
}

/** An error code as a word. */
export function codeName(code: number | undefined): string {
  const entry = Object.entries(Code).find(([, value]) => value === code);
  return entry?.[0] ?? (code === undefined ? "none" : `code ${code}`);
}
