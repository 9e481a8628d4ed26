// The load that most rows share: 10 connections with 20 calls under way on
// each, every call a small message there and back.

import { generatedCalls } from "../support/generator/run.ts";
import { GRPC_HEADERS, h2load } from "../support/h2load.ts";
import type { Load } from "../support/measure.ts";
import { type Files, GREETING_PATH } from "./peers.ts";

const SHAPE = { path: GREETING_PATH, connections: 10, streams: 20 } as const;

/** The same call again and again, made by h2load. */
export function sameCalls(files: Files): Load {
  return ({ port }, calls) =>
    h2load(port, {
      ...SHAPE,
      headers: GRPC_HEADERS,
      body: files.message,
      calls,
    });
}

/** Calls of our generator, with a header that changes or without. */
export function greetingCalls(changing: boolean): Load {
  return generatedCalls({ ...SHAPE, changing });
}
