import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeErrorAnswer, encodeLateError } from "../../../rpc/index.ts";

const error = new ConnectError("no 100% luck: ü\n", Code.Unavailable);
const grpcMessage = "no 100%25 luck: %C3%BC%0A";

describe("an error before any header was sent", () => {
  it("is trailers-only in gRPC", () => {
    assert.deepEqual(
      encodeErrorAnswer(error, "grpc", {
        contentType: "application/grpc+proto",
      }),
      {
        status: 200,
        headers: {
          "content-type": "application/grpc+proto",
          "grpc-status": "14",
          "grpc-message": grpcMessage,
        },
      },
    );
  });

  it("is in the headers in gRPC-Web", () => {
    const contentType = "application/grpc-web-text+proto";
    const answer = encodeErrorAnswer(error, "grpc-web", { contentType });
    assert.equal(answer.headers["content-type"], contentType);
    assert.equal(answer.headers["grpc-status"], "14");
    assert.equal(answer.body, undefined);
  });

  it("is an end-of-stream envelope in Connect streaming", () => {
    const contentType = "application/connect+proto";
    const answer = encodeErrorAnswer(error, "connect-stream", { contentType });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], contentType);
    assert.deepEqual(readEnvelope(answer.body), {
      flags: 2,
      text: '{"error":{"code":"unavailable","message":"no 100% luck: ü\\n"}}',
    });
  });

  const statuses: [Code, string, number][] = [
    [Code.Canceled, "canceled", 499],
    [Code.Unknown, "unknown", 500],
    [Code.InvalidArgument, "invalid_argument", 400],
    [Code.DeadlineExceeded, "deadline_exceeded", 504],
    [Code.NotFound, "not_found", 404],
    [Code.AlreadyExists, "already_exists", 409],
    [Code.PermissionDenied, "permission_denied", 403],
    [Code.ResourceExhausted, "resource_exhausted", 429],
    [Code.FailedPrecondition, "failed_precondition", 400],
    [Code.Aborted, "aborted", 409],
    [Code.OutOfRange, "out_of_range", 400],
    [Code.Unimplemented, "unimplemented", 501],
    [Code.Internal, "internal", 500],
    [Code.Unavailable, "unavailable", 503],
    [Code.DataLoss, "data_loss", 500],
    [Code.Unauthenticated, "unauthenticated", 401],
  ];
  for (const [code, name, status] of statuses) {
    it(`is JSON with HTTP ${status} in Connect unary, for ${name}`, () => {
      const answer = encodeErrorAnswer(
        new ConnectError("why", code),
        "connect-unary",
        { contentType: "application/proto" },
      );
      assert.equal(answer.status, status);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.equal(
        Buffer.from(answer.body ?? []).toString(),
        `{"code":"${name}","message":"why"}`,
      );
    });
  }

  it("says in HTTP's own terms what was wrong where there is no RPC", () => {
    const request = { contentType: undefined, status: 404 };
    assert.equal(encodeErrorAnswer(error, undefined, request).status, 404);
  });
});

describe("an error after the headers were sent", () => {
  it("is trailers in gRPC", () => {
    assert.deepEqual(encodeLateError(error, "grpc", "application/grpc"), {
      trailers: { "grpc-status": "14", "grpc-message": grpcMessage },
    });
  });

  it("is a frame of trailers in gRPC-Web", () => {
    const late = encodeLateError(error, "grpc-web", "application/grpc-web");
    assert.ok(late && "body" in late);
    assert.deepEqual(readEnvelope(late.body), {
      flags: 0x80,
      text: `grpc-status: 14\r\ngrpc-message: ${grpcMessage}\r\n`,
    });
  });

  it("is the same in base64 in gRPC-Web text", () => {
    const type = "application/grpc-web-text";
    const late = encodeLateError(error, "grpc-web", type);
    assert.ok(late && "body" in late);
    const binary = Buffer.from(late.body.toString(), "base64");
    assert.equal(readEnvelope(binary).flags, 0x80);
  });

  it("is an end-of-stream envelope in Connect streaming", () => {
    const type = "application/connect+json";
    const late = encodeLateError(error, "connect-stream", type);
    assert.ok(late && "body" in late);
    assert.equal(readEnvelope(late.body).flags, 2);
  });

  it("can't be said in Connect unary", () => {
    const type = "application/json";
    assert.equal(encodeLateError(error, "connect-unary", type), undefined);
    assert.equal(encodeLateError(error, undefined, undefined), undefined);
  });
});

function readEnvelope(bytes: Uint8Array | undefined) {
  const body = Buffer.from(bytes ?? []);
  assert.equal(body.readUInt32BE(1), body.length - 5);
  return { flags: body.readUInt8(0), text: body.toString("utf8", 5) };
}
