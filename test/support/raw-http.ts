// One HTTP request with every byte in the test's hand, over either version,
// and the whole response as it came: no client library in between.

import { once } from "node:events";
import {
  Agent,
  request as http1Request,
  type IncomingHttpHeaders,
} from "node:http";
import { connect } from "node:http2";
import type { Readable, Writable } from "node:stream";

/** The HTTP version of a raw request; "h2c" is HTTP/2 with prior knowledge. */
export type HttpVersion = "HTTP/1.1" | "h2c";

/** Both, for tables. */
export const httpVersions: readonly HttpVersion[] = ["HTTP/1.1", "h2c"];

/** What to send. */
export interface RawRequest {
  readonly version: HttpVersion;
  /** "http://host:port" */
  readonly url: string;
  readonly path: string;
  /** Defaults to POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole body, unless startRequest() is to leave it open. */
  readonly body?: Uint8Array | string;
}

/** What came back. */
export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
  /** It ended with its header fields (HTTP/2: END_STREAM on HEADERS). */
  readonly headersOnly: boolean;
  /** It ended as HTTP says a complete response ends. */
  readonly complete: boolean;
}

/** A request under way. */
export interface RawCall {
  /** The open body of the request. */
  readonly body: Writable;
  /** Resolves with the response's body so far, once it has that many bytes. */
  received(bytes: number): Promise<Buffer>;
  readonly response: Promise<RawResponse>;
}

/** Send a request and wait for the whole response, or what there is of it. */
export function sendRequest(request: RawRequest): Promise<RawResponse> {
  const { body = "", headers } = request;
  const length = String(Buffer.byteLength(body));
  const call = startRequest({
    ...request,
    headers:
      request.method === "GET"
        ? { ...headers }
        : { "content-length": length, ...headers },
  });
  if (request.method !== "GET") call.body.end(body);
  return call.response;
}

/** Send the header fields of a request and leave its body open. */
export function startRequest(request: RawRequest): RawCall {
  return request.version === "h2c" ? startHttp2(request) : startHttp1(request);
}

function startHttp1(request: RawRequest): RawCall {
  const { url, path, method = "POST", headers } = request;
  const agent = new Agent({ keepAlive: true });
  const outgoing = http1Request(`${url}${path}`, {
    method,
    headers: { ...headers },
    agent,
  });
  // The server may answer and close before it took all of the body.
  let failure: unknown;
  outgoing.on("error", (error) => {
    failure = error;
  });
  const collected = collect();
  outgoing.once("close", () => agent.destroy());
  const response = new Promise<RawResponse>((resolve, reject) => {
    const fail = () => reject(failure ?? new Error("no response"));
    outgoing.once("close", fail);
    outgoing.once("response", (incoming) => {
      outgoing.off("close", fail);
      const { statusCode: status = 0, headers } = incoming;
      void collected.from(incoming).then((body) => {
        const { trailers, complete } = incoming;
        const headersOnly = body.length === 0;
        resolve({ status, headers, body, trailers, headersOnly, complete });
      });
    });
  });
  outgoing.flushHeaders();
  return { body: outgoing, received: collected.received, response };
}

function startHttp2(request: RawRequest): RawCall {
  const { url, path, method = "POST", headers } = request;
  const session = connect(url);
  session.on("error", () => {}); // the stream tells
  const stream = session.request(
    { ":method": method, ":path": path, ...headers },
    { endStream: method === "GET" },
  );
  let failure: unknown;
  stream.on("error", (error) => {
    failure = error;
  });
  // Like any client: who has the whole answer sends no more.
  stream.once("end", () => stream.end());
  stream.once("close", () => session.destroy());
  let trailers: IncomingHttpHeaders = {};
  stream.once("trailers", (fields) => {
    trailers = fields;
  });
  const collected = collect();
  const response = new Promise<RawResponse>((resolve, reject) => {
    const fail = () => reject(failure ?? new Error("no response"));
    stream.once("close", fail);
    stream.once("response", (headers, flags) => {
      stream.off("close", fail);
      const status = headers[":status"] ?? 0;
      const headersOnly = (flags & 1) !== 0;
      void collected.from(stream).then((body) => {
        const complete = stream.rstCode === 0 && failure === undefined;
        resolve({ status, headers, body, trailers, headersOnly, complete });
      });
    });
  });
  return { body: stream, received: collected.received, response };
}

/** Gathers a body, and tells when enough of it is there. */
function collect() {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  const notify = () => {
    for (const check of [...waiting]) check();
  };
  return {
    async from(source: Readable): Promise<Buffer> {
      source.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        notify();
      });
      source.on("error", () => {}); // "close" follows
      if (!source.closed) await once(source, "close").catch(() => {});
      ended = true;
      notify();
      return Buffer.concat(chunks);
    },
    received: (bytes: number) =>
      new Promise<Buffer>((resolve, reject) => {
        const check = () => {
          const all = Buffer.concat(chunks);
          if (all.length < bytes && !ended) return;
          waiting.delete(check);
          if (all.length >= bytes) resolve(all);
          else reject(new Error(`ended after ${all.length} bytes`));
        };
        waiting.add(check);
        check();
      }),
  };
}
