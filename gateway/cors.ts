// Which web pages may call, and what a browser lets them see.
//
// https://fetch.spec.whatwg.org/#http-cors-protocol
// https://connectrpc.com/docs/cors

import type { OutgoingHttpHeaders } from "node:http2";
import { cors } from "@connectrpc/connect";
import { sendAnswer } from "../runtime/index.ts";
import type { HttpRequest, HttpResponse } from "../wire/index.ts";

/** How long a browser may keep a preflight's answer, in seconds. Chrome's cap. */
const MAX_AGE_SECONDS = 7_200;

/**
 * Decides about calls from web pages.
 */
export interface Cors {
  /**
   * Look at a request before anything else does. Answers a preflight, and then
   * returns true: the request is done. Else prepares the response, whoever
   * writes it, and returns false.
   */
  handle(request: HttpRequest, response: HttpResponse): boolean;
}

/**
 * Create the rules for a list of origins, each as parseOrigins() takes it.
 * With an empty list no page of another origin may call.
 */
export function createCors(origins: readonly string[]): Cors {
  const patterns = origins.map(originPattern);
  const isAllowed = (origin: string) =>
    patterns.some((pattern) => pattern.test(origin));
  return {
    handle(request, response) {
      if (patterns.length === 0) return false;
      // Also for those who get nothing: a cache must keep the answers apart.
      response.setHeader("vary", "Origin");
      const { origin } = request.headers;
      if (origin === undefined || !isAllowed(origin)) return false;
      response.setHeader("access-control-allow-origin", origin);
      if (!isPreflight(request)) {
        exposeHeaders(response, []);
        return false;
      }
      sendAnswer(request, response, {
        status: 204,
        headers: preflightHeaders(request),
      });
      return true;
    },
  };
}

/**
 * Let the page see more response headers than the protocols' own. Does
 * nothing for a response that no page of another origin may see.
 */
export function exposeHeaders(
  response: HttpResponse,
  names: readonly string[],
): void {
  if (!response.hasHeader("access-control-allow-origin")) return;
  const all = new Set(
    [...cors.exposedHeaders, ...names].map((name) => name.toLowerCase()),
  );
  response.setHeader("access-control-expose-headers", [...all].join(", "));
}

/**
 * Put what the response depends on here into an instance's header fields,
 * which would replace it.
 */
export function mergeVary(
  response: HttpResponse,
  headers: OutgoingHttpHeaders,
): void {
  const own = response.getHeader("vary");
  if (own === undefined || headers["vary"] === undefined) return;
  headers["vary"] = `${headers["vary"]}, ${own}`;
}

function isPreflight({ method, headers }: HttpRequest): boolean {
  return (
    method === "OPTIONS" &&
    headers["access-control-request-method"] !== undefined
  );
}

function preflightHeaders({ headers }: HttpRequest): Record<string, string> {
  // Metadata of a call are headers of any name: what is asked for is allowed.
  const asked = headers["access-control-request-headers"];
  const names = [...cors.allowedHeaders, ...(asked?.split(",") ?? [])];
  const allowed = new Set(names.map((name) => name.trim().toLowerCase()));
  allowed.delete("");
  return {
    "access-control-allow-methods": cors.allowedMethods.join(", "),
    "access-control-allow-headers": [...allowed].join(", "),
    "access-control-max-age": String(MAX_AGE_SECONDS),
    vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  };
}

function originPattern(origin: string): RegExp {
  const source = origin
    .replace(/[.[\]?+^$|()\\]/g, "\\$&")
    .replace(/:\*$/, "(:\\d+)?")
    .replaceAll("*", "[\\w-]+");
  return new RegExp(`^${source}$`, "i");
}
