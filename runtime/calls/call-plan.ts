// What the header block of a request says about its call, read once for each
// block: a client that repeats itself sends the same block.
//
// Only what is usual gets a plan. All that is odd, a broken time-out or a body
// that is compressed as a whole for example, is left to Connect's own handlers,
// and so is what they say about it.

import type { Compression } from "@connectrpc/connect/protocol";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import type { HeaderBlock } from "../../wire/index.ts";
import type { CallRoute } from "./call-routes.ts";
import { Deadline } from "./deadline.ts";
import { type Protocol, protocolOf } from "./protocols.ts";

/**
 * How a call is to be answered.
 */
export interface CallPlan {
  readonly route: CallRoute;
  readonly protocol: Protocol;
  /** How long the caller waits, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** What the messages of a request may be compressed with. */
  readonly requestCompression: Compression | null;
  /** What those of an answer are compressed with, if they are large enough. */
  readonly responseCompression: Compression | null;
  /** How long the body is; -1: nobody said. */
  readonly contentLength: number;
}

/** When the caller of a call that begins now gives up. */
export function deadlineOf({ timeoutMs }: CallPlan): Deadline | undefined {
  return timeoutMs === undefined ? undefined : new Deadline(timeoutMs);
}

/** What some fields say. */
interface Said {
  encoding: string | undefined;
  acceptEncoding: string | undefined;
  timeout: string | undefined;
  /** One of them is there twice. */
  isAmbiguous: boolean;
}

/** Make a plan; undefined if Connect's handlers should see the request. */
export function createCallPlan(
  headers: HeaderBlock,
  route: CallRoute,
): CallPlan | undefined {
  if (headers.method !== "POST") return undefined;
  const contentType = headers.get("content-type");
  const protocol =
    contentType === undefined ? undefined : protocolOf(contentType);
  if (protocol === undefined || !route.takes(protocol)) return undefined;
  const said = read(headers, protocol);
  if (said.isAmbiguous) return undefined;
  const { acceptCompression } = route.options;
  const compression = compressionNegotiate(
    acceptCompression,
    said.encoding ?? null,
    said.acceptEncoding ?? null,
    protocol.acceptEncodingName,
  );
  const timeout = protocol.parseTimeout(
    said.timeout ?? null,
    Number.MAX_SAFE_INTEGER,
  );
  const isWholeCompressed =
    !protocol.isEnveloped && compression.request !== null;
  if (compression.error || timeout.error || isWholeCompressed) return undefined;
  return {
    route,
    protocol,
    timeoutMs: timeout.timeoutMs,
    requestCompression: compression.request,
    responseCompression: compression.response,
    contentLength: headers.contentLength,
  };
}

/** One pass over the fields: most have nothing to say. */
function read(headers: HeaderBlock, protocol: Protocol): Said {
  const said: Said = {
    encoding: undefined,
    acceptEncoding: undefined,
    timeout: undefined,
    isAmbiguous: false,
  };
  for (const { name, value } of headers.fields) {
    if (name === protocol.encodingName) {
      said.isAmbiguous ||= said.encoding !== undefined;
      said.encoding = value;
    } else if (name === protocol.acceptEncodingName) {
      said.isAmbiguous ||= said.acceptEncoding !== undefined;
      said.acceptEncoding = value;
    } else if (name === protocol.timeoutName) {
      said.isAmbiguous ||= said.timeout !== undefined;
      said.timeout = value;
    }
  }
  return said;
}
