// The loads of these rows. Small gRPC calls come on 10 connections with 20
// under way on each.

import { generatedCalls } from "../support/generator/run.ts";
import { GRPC_HEADERS, type H2load, h2load } from "../support/h2load.ts";
import type { Load } from "../support/measure.ts";
import { HELLO_PATH, type Message } from "./messages.ts";

const SHAPE = { connections: 10, streams: 20 } as const;

const JSON_HEADERS = [
  "content-type: application/json",
  "connect-protocol-version: 1",
];

/** gRPC calls of h2load; each answer has to have the right length. */
export function grpcCalls(
  message: Message,
  shape: Pick<H2load, "connections" | "streams"> = SHAPE,
): Load {
  return calls({ ...message, ...shape, headers: GRPC_HEADERS });
}

/** Calls with plain JSON, over either version. */
export function jsonCalls(message: Message, version: "http1" | "http2"): Load {
  const load = { ...message, headers: JSON_HEADERS };
  return version === "http2"
    ? calls({ ...load, ...SHAPE })
    : calls({ ...load, connections: 50, streams: 1, http1: true });
}

/** Greetings by our generator, with a header that changes or without. */
export function greetings(changing: boolean): Load {
  return generatedCalls({ ...SHAPE, path: HELLO_PATH, changing });
}

function calls(load: Omit<H2load, "calls">): Load {
  return ({ port }, count) => h2load(port, { ...load, calls: count });
}
