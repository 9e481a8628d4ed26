// What handlers under test say: their header blocks are few, so that encoders
// meet them again, and some take more than one frame.

import { createHeaderBlock, type HeaderBlock } from "../../../wire/index.ts";

/** Longer than a frame: "~" is shortest as it is. */
const LARGE_VALUE = "~".repeat(17_000);

/** A request. */
export const SMALL_REQUEST: HeaderBlock = createHeaderBlock([
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "test"],
  [":path", "/a"],
]);

/** A request of two frames whose answer has no body. */
export const LARGE_REQUEST: HeaderBlock = createHeaderBlock([
  [":method", "HEAD"],
  [":scheme", "http"],
  [":authority", "test"],
  [":path", "/b"],
  ["x-large", LARGE_VALUE],
]);

/** Answers. */
export const ANSWERS: readonly [HeaderBlock, ...HeaderBlock[]] = [
  createHeaderBlock([[":status", "200"]]),
  createHeaderBlock([
    [":status", "200"],
    ["content-type", "application/grpc"],
  ]),
];

/** An answer of two frames. */
export const LARGE_ANSWER: HeaderBlock = createHeaderBlock([
  [":status", "404"],
  ["x-large", LARGE_VALUE],
]);

/** An interim answer. */
export const INTERIM: HeaderBlock = createHeaderBlock([[":status", "103"]]);

/** Trailers. */
export const TRAILERS: HeaderBlock = createHeaderBlock([
  ["grpc-status", "0"],
  ["x-trailer", "t"],
]);
