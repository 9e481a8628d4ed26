// What an instance may answer to a unary gRPC call: as it should, and in any way
// that it should not.

import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, encodeBinaryHeader } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  HelloRequestSchema,
  HelloResponseSchema,
} from "../../../../gen/greeter/v1/greeter_pb.ts";
import { type Answer, envelope } from "./scripted.ts";

const message = toBinary(
  HelloResponseSchema,
  create(HelloResponseSchema, { greeting: "Hello, jöhn" }),
);
/** The usual answer. */
const whole = envelope(message);
const zipped = envelope(gzipSync(message), 1);
const head = [
  [":status", "200"],
  ["content-type", "application/grpc+proto"],
] as const;
const ok = [["grpc-status", "0"]] as const;
const gzip = [...head, ["grpc-encoding", "gzip"]] as const;
const withDetails = (code: Code) => {
  const error = new ConnectError("with details: ä%", code, undefined, [
    { desc: HelloRequestSchema, value: { name: "detail" } },
  ]);
  return [...setTrailerStatus(new Headers(), error)];
};

/** Byte by byte, each in a frame of its own. */
const crumbs = (bytes: Uint8Array) => Array.from(bytes, (b) => Buffer.of(b));

/** What an instance may answer to a unary call, and how Connect takes it. */
export const answers: Record<string, Answer> = {
  "a message": { head, body: [whole], trailers: ok },
  "an empty message": {
    head,
    body: [envelope(new Uint8Array())],
    trailers: ok,
  },
  "a message in crumbs": { head, body: crumbs(whole), trailers: ok },
  "a message of 100 KiB": {
    head,
    body: [
      envelope(
        toBinary(
          HelloResponseSchema,
          create(HelloResponseSchema, { greeting: "x".repeat(100 << 10) }),
        ),
      ),
    ],
    trailers: ok,
  },
  "a message with metadata": {
    head: [...head, ["x-a", "1"], ["x-a", "2"], ["x-bin", "AAEC"]],
    body: [whole],
    trailers: [...ok, ["x-b", "3"], ["grpc-message", "fine"]],
  },
  "a message with an unknown field": {
    head,
    body: [envelope(Buffer.concat([message, Buffer.of(0x7a, 1, 65)]))],
    trailers: ok,
  },
  "a content type in another case": {
    head: [
      [":status", "200"],
      ["content-type", "application/GRPC"],
    ],
    body: [whole],
    trailers: ok,
  },
  "identity as the encoding": {
    head: [...head, ["grpc-encoding", "identity"]],
    body: [whole],
    trailers: ok,
  },
  "other flags of an envelope": {
    head,
    body: [envelope(message, 2)],
    trailers: ok,
  },
  "a compressed message": { head: gzip, body: [zipped], trailers: ok },
  "a compressed message in crumbs": {
    head: gzip,
    body: crumbs(zipped),
    trailers: ok,
  },
  "an uncompressed message, with an encoding": {
    head: gzip,
    body: [whole],
    trailers: ok,
  },
  "a compressed message that is too long": {
    head: gzip,
    body: [envelope(gzipSync(Buffer.alloc(300 << 10)), 1)],
    trailers: ok,
  },
  "a compressed message that is none": {
    head: gzip,
    body: [envelope(message, 1)],
    trailers: ok,
  },
  "two compressed messages": {
    head: gzip,
    body: [zipped, zipped],
    trailers: ok,
  },
  "a compressed message, and an error": {
    head: gzip,
    body: [zipped],
    trailers: [["grpc-status", "5"]],
  },
  "a compressed message without an encoding": {
    head,
    body: [zipped],
    trailers: ok,
  },
  "an encoding that nobody asked for": {
    head: [...head, ["grpc-encoding", "zstd"]],
    body: [zipped],
    trailers: ok,
  },
  "two messages": { head, body: [whole, whole], trailers: ok },
  "two messages in one frame": {
    head,
    body: [Buffer.concat([whole, whole])],
    trailers: ok,
  },
  "a message, and one that can't be read": {
    head,
    body: [whole, envelope(Buffer.of(0x0a, 9))],
    trailers: ok,
  },
  "a message that can't be read": {
    head,
    body: [envelope(Buffer.of(0x0a, 9))],
    trailers: ok,
  },
  "a message that can't be read, and an error": {
    head,
    body: [envelope(Buffer.of(0x0a, 9))],
    trailers: [["grpc-status", "5"]],
  },
  "a message that is too long": {
    head,
    body: [Buffer.of(0, 0, 4, 0, 1), Buffer.alloc(1_000)],
    trailers: ok,
  },
  "a message of 4 GiB": { head, body: [Buffer.alloc(5, 255)], trailers: ok },
  "half a message": { head, body: [whole.subarray(0, 8)], trailers: ok },
  "half a prefix": { head, body: [whole.subarray(0, 3)], trailers: ok },
  "a prefix without its message": {
    head,
    body: [whole.subarray(0, 5)],
    trailers: ok,
  },
  "a message, and half a prefix": {
    head,
    body: [whole, whole.subarray(0, 2)],
    trailers: ok,
  },
  "no message": { head, trailers: ok },
  "no status": { head, body: [whole], trailers: [["x-b", "3"]] },
  "no trailers": { head, body: [whole] },
  "neither message nor trailers": { head },
  "an error": {
    head: [...head, ["x-a", "1"]],
    trailers: [
      ["grpc-status", "5"],
      ["grpc-message", "not%20h%C3%A9re"],
      ["x-b", "3"],
    ],
  },
  "a message and an error": {
    head,
    body: [whole],
    trailers: [
      ["grpc-status", "9"],
      ["grpc-message", "late"],
    ],
  },
  "an error with details": { head, trailers: withDetails(Code.Aborted) },
  "details that can't be read": {
    head,
    trailers: [
      ["grpc-status", "5"],
      ["grpc-status-details-bin", "////"],
    ],
  },
  "details that say it is fine": {
    head,
    body: [whole],
    trailers: [
      ["grpc-status", "5"],
      ["grpc-status-details-bin", encodeBinaryHeader(new Uint8Array())],
    ],
  },
  "details alone that say it is fine": {
    head,
    body: [whole],
    trailers: [
      ["grpc-status-details-bin", encodeBinaryHeader(new Uint8Array())],
    ],
  },
  "a status that is no code": { head, trailers: [["grpc-status", "77"]] },
  "a status that is no number": { head, trailers: [["grpc-status", "ok"]] },
  "an error message that is badly escaped": {
    head,
    trailers: [
      ["grpc-status", "5"],
      ["grpc-message", "%zz"],
    ],
  },
  "an error in the header": {
    head: [...head, ["grpc-status", "7"], ["grpc-message", "no"]],
  },
  "an error with details in the header": {
    head: [...head, ...withDetails(Code.PermissionDenied)],
  },
  "an error in the header, and a message": {
    head: [...head, ["grpc-status", "7"]],
    body: [whole],
  },
  "an error in the header, and another in the trailers": {
    head: [...head, ["grpc-status", "7"]],
    trailers: [["grpc-status", "8"]],
  },
  "an error in the header, and fine trailers": {
    head: [...head, ["grpc-status", "7"]],
    body: [whole],
    trailers: ok,
  },
  "fine in the header, and no message": { head: [...head, ...ok] },
  "fine in the header, and a message": {
    head: [...head, ...ok],
    body: [whole],
  },
  "HTTP 404": { head: [[":status", "404"]] },
  "HTTP 503 with a status": {
    head: [[":status", "503"], ["content-type", "application/grpc"], ...ok],
    body: [whole],
  },
  "another content type": {
    head: [
      [":status", "200"],
      ["content-type", "text/html"],
    ],
    body: [Buffer.from("<html>")],
  },
  "no content type": { head: [[":status", "200"]], body: [whole] },
};

/** As it should. */
export const usual: Answer = { head, body: [whole], trailers: ok };
