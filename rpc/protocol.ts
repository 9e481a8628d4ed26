// Which RPC protocol an HTTP request speaks, told from its method, its
// content type and its query, in the order that makes the answer unambiguous.

/**
 * A protocol as it appears on the wire.
 *
 * - grpc: gRPC over HTTP/2
 * - grpc-web: gRPC-Web, binary or base64 (`-text`)
 * - connect-stream: Connect with enveloped messages
 * - connect-unary: Connect with the message as the body; plain JSON POST is
 *   this one too, as the version header may be left out
 * - connect-get: a side-effect-free Connect call with the message in the URL
 */
export type RpcProtocol =
  | "grpc"
  | "grpc-web"
  | "connect-stream"
  | "connect-unary"
  | "connect-get";

/** What parseProtocol() looks at. */
export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly contentType: string | undefined;
}

/**
 * Tell the protocol of a request; undefined if it is none that we know.
 */
export function parseProtocol(head: RequestHead): RpcProtocol | undefined {
  const type = mediaType(head.contentType);
  if (head.method === "GET") {
    const query = new URLSearchParams(head.url.split("?", 2)[1]);
    return query.has("encoding") && query.has("message")
      ? "connect-get"
      : undefined;
  }
  if (head.method !== "POST") return undefined;
  if (/^application\/grpc-web(-text)?(\+|$)/.test(type)) return "grpc-web";
  if (/^application\/grpc(\+|$)/.test(type)) return "grpc";
  if (/^application\/connect\+(json|proto)$/.test(type))
    return "connect-stream";
  if (/^application\/(json|proto)$/.test(type)) return "connect-unary";
  return undefined;
}

/**
 * A content type without its parameters, in lower case; "" if there is none.
 */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
