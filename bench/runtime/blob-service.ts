// A service of large messages: bytes, because what takes and makes strings of
// 1 MiB costs more than anything else here.
//
// The product has no such contract, so this one is put together as the
// compiler of contracts would do it.

import { create, createFileRegistry } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  type BytesValueSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_wrappers,
  type UInt32ValueSchema,
} from "@bufbuild/protobuf/wkt";

const BYTES = ".google.protobuf.BytesValue";
const NUMBER = ".google.protobuf.UInt32Value";

const file = create(FileDescriptorProtoSchema, {
  name: "bench/v1/blob.proto",
  package: "bench.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/wrappers.proto"],
  service: [
    {
      name: "BlobService",
      method: [
        { name: "Echo", inputType: BYTES, outputType: BYTES },
        {
          name: "Upload",
          inputType: BYTES,
          outputType: NUMBER,
          clientStreaming: true,
        },
        {
          name: "Download",
          inputType: NUMBER,
          outputType: BYTES,
          serverStreaming: true,
        },
      ],
    },
  ],
});

/** What the contract says, as generated code would. */
type Blobs = GenService<{
  /** Echo answers with what it got. */
  echo: {
    methodKind: "unary";
    input: typeof BytesValueSchema;
    output: typeof BytesValueSchema;
  };
  /** Upload tells how many bytes all messages had. */
  upload: {
    methodKind: "client_streaming";
    input: typeof BytesValueSchema;
    output: typeof UInt32ValueSchema;
  };
  /** Download sends so many messages of 1 MiB. */
  download: {
    methodKind: "server_streaming";
    input: typeof UInt32ValueSchema;
    output: typeof BytesValueSchema;
  };
}>;

/** bench.v1.BlobService. */
export const BlobService = createFileRegistry(
  file,
  () => file_google_protobuf_wrappers.proto,
).getService("bench.v1.BlobService") as Blobs;
