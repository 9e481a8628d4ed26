// What a request's header block implies, worked out once per block: callers
// send the same bytes again and again, and the same bytes are the same block.

import { parseProtocol, type RpcProtocol } from "../rpc/index.ts";
import { headOf, pathOf } from "../runtime/index.ts";
import type { HeaderBlock } from "../wire/index.ts";
import { toUpstreamHeaders } from "./headers.ts";

/**
 * What follows from a header block. Get one with planOf().
 */
export class Plan {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** Undefined if it is none that we know. */
  readonly protocol: RpcProtocol | undefined;

  readonly #headers: HeaderBlock;
  #upstreamHeaders: HeaderBlock | undefined;

  constructor(headers: HeaderBlock) {
    const head = headOf(headers);
    this.method = head.method;
    this.path = pathOf(headers);
    this.contentType = head.contentType;
    this.protocol = parseProtocol(head);
    this.#headers = headers;
  }

  /** What an instance is sent. */
  get upstreamHeaders(): HeaderBlock {
    this.#upstreamHeaders ??= toUpstreamHeaders(this.#headers);
    return this.#upstreamHeaders;
  }
}

/**
 * The plan of a request's header block.
 */
export function planOf(headers: HeaderBlock): Plan {
  // Others who answer requests may keep something else there.
  if (headers.derived instanceof Plan) return headers.derived;
  const plan = new Plan(headers);
  headers.derived = plan;
  return plan;
}
