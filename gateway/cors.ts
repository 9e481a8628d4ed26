// Which web pages may call, and what a browser is told before they do.
//
// https://fetch.spec.whatwg.org/#http-cors-protocol
// https://connectrpc.com/docs/cors

import { cors } from "@connectrpc/connect";
import { sendAnswer } from "../runtime/index.ts";
import type { HeaderBlock, ServerStream } from "../wire/index.ts";
import { CorsStream } from "./cors-stream.ts";

/** How long a browser may keep a preflight's answer, in seconds. Chrome's cap. */
const MAX_AGE_SECONDS = 7_200;

/**
 * Decides about calls from web pages.
 */
export interface Cors {
  /**
   * Look at a request before anything else does. Answers a preflight, and then
   * returns undefined: the request is done. Else returns the stream to answer
   * on: it adds what a browser has to be told, whatever the answer is.
   */
  handle(stream: ServerStream, headers: HeaderBlock): ServerStream | undefined;
}

/**
 * Create the rules for a list of origins, each as parseOrigins() takes it.
 * With an empty list no page of another origin may call.
 */
export function createCors(origins: readonly string[]): Cors {
  const patterns = origins.map(originPattern);
  return {
    handle(stream, headers) {
      if (patterns.length === 0) return stream;
      const given = headers.get("origin") ?? "";
      const isAllowed = patterns.some((pattern) => pattern.test(given));
      const corsStream = new CorsStream(stream, isAllowed ? given : undefined);
      if (!isAllowed || !isPreflight(headers)) return corsStream;
      const answer = { status: 204, headers: preflightHeaders(headers) };
      sendAnswer(corsStream, answer);
      return undefined;
    },
  };
}

function isPreflight(headers: HeaderBlock): boolean {
  return (
    headers.method === "OPTIONS" &&
    headers.get("access-control-request-method") !== undefined
  );
}

function preflightHeaders(headers: HeaderBlock): Record<string, string> {
  // Metadata of a call are headers of any name: what is asked for is allowed.
  const asked = headers.get("access-control-request-headers");
  const names = [...cors.allowedHeaders, ...(asked?.split(",") ?? [])];
  const allowed = new Set(names.map((name) => name.trim().toLowerCase()));
  allowed.delete("");
  return {
    "access-control-allow-methods": cors.allowedMethods.join(", "),
    "access-control-allow-headers": [...allowed].join(", "),
    "access-control-max-age": String(MAX_AGE_SECONDS),
    vary: "Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}

function originPattern(origin: string): RegExp {
  const source = origin
    .replace(/[.[\]?+^$|()\\]/g, "\\$&")
    .replace(/:\*$/, "(:\\d+)?")
    .replaceAll("*", "[\\w-]+");
  return new RegExp(`^${source}$`, "i");
}
