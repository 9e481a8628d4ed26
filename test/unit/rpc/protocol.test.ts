import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProtocol, type RpcProtocol } from "../../../rpc/index.ts";

const cases: [
  method: string,
  url: string,
  contentType: string | undefined,
  expected: RpcProtocol | undefined,
][] = [
  ["POST", "/s/m", "application/grpc", "grpc"],
  ["POST", "/s/m", "application/grpc+proto", "grpc"],
  ["POST", "/s/m", "application/grpc+json", "grpc"],
  ["POST", "/s/m", "application/grpc;charset=utf-8", "grpc"],
  ["POST", "/s/m", "Application/GRPC+Proto", "grpc"],
  ["POST", "/s/m", "application/grpc-web", "grpc-web"],
  ["POST", "/s/m", "application/grpc-web+proto", "grpc-web"],
  ["POST", "/s/m", "application/grpc-web-text", "grpc-web"],
  ["POST", "/s/m", "application/grpc-web-text+proto", "grpc-web"],
  ["POST", "/s/m", "application/grpc-websocket", undefined],
  ["POST", "/s/m", "application/grpcfoo", undefined],
  ["POST", "/s/m", "application/connect+proto", "connect-stream"],
  ["POST", "/s/m", "application/connect+json", "connect-stream"],
  ["POST", "/s/m", "application/connect+xml", undefined],
  ["POST", "/s/m", "application/json", "connect-unary"],
  ["POST", "/s/m", "application/json; charset=utf-8", "connect-unary"],
  ["POST", "/s/m", "application/proto", "connect-unary"],
  ["POST", "/s/m", "text/plain", undefined],
  ["POST", "/s/m", undefined, undefined],
  ["GET", "/s/m?encoding=json&message=%7B%7D", undefined, "connect-get"],
  ["GET", "/s/m?message=&connect=v1&encoding=proto", undefined, "connect-get"],
  ["GET", "/s/m?encoding=json", undefined, undefined],
  ["GET", "/s/m", "application/grpc", undefined],
  ["PUT", "/s/m", "application/json", undefined],
  ["DELETE", "/s/m", "application/grpc", undefined],
];

describe("the protocol of a request", () => {
  for (const [method, url, contentType, expected] of cases) {
    it(`${method} ${url} ${contentType} is ${expected}`, () => {
      assert.equal(parseProtocol({ method, url, contentType }), expected);
    });
  }
});
