// Asks an instance for the descriptors of its services, by gRPC reflection.

import {
  create,
  createFileRegistry,
  type DescService,
  fromBinary,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import type { Instance } from "../core/index.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { createSchema, type Schema } from "../rpc/index.ts";

/** How long an instance may take to tell its schema, in milliseconds. */
const TIMEOUT_MS = 5_000;

type Question = ServerReflectionRequest["messageRequest"];

/**
 * Fetch the schema of an instance's services.
 *
 * Throws a ConnectError: `unimplemented` where there is no reflection.
 */
export async function fetchSchema(instance: Instance): Promise<Schema> {
  const baseUrl = `http://${instance.address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  const { serverReflectionInfo } = createClient(ServerReflection, transport);
  const ask = async (question: Question) => {
    const request = { messageRequest: question };
    const answers = serverReflectionInfo(once(request), {
      timeoutMs: TIMEOUT_MS,
    });
    let files: Uint8Array[] | undefined;
    // To the end, though one answer is all: a call that is left early keeps
    // its deadline's timer, and with it the process.
    for await (const { messageResponse } of answers) {
      if (messageResponse.case === "fileDescriptorResponse")
        files = messageResponse.value.fileDescriptorProto;
      if (messageResponse.case === "errorResponse") {
        const { errorCode, errorMessage } = messageResponse.value;
        throw new ConnectError(errorMessage, errorCode as Code);
      }
    }
    if (files !== undefined) return files;
    throw new ConnectError("reflection gave no answer", Code.Internal);
  };
  try {
    return await collectSchema(instance.services, ask);
  } finally {
    sessionManager.abort();
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function collectSchema(
  services: readonly string[],
  ask: (question: Question) => Promise<Uint8Array[]>,
): Promise<Schema> {
  const files = new Map<string, FileDescriptorProto>();
  const keep = (answers: Uint8Array[]) => {
    for (const bytes of answers) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(file.name, file);
    }
  };
  for (const value of services)
    keep(await ask({ case: "fileContainingSymbol", value }));
  for (const file of files.values()) {
    // Files that are added here are visited by the same loop.
    for (const value of file.dependency)
      if (!files.has(value)) keep(await ask({ case: "fileByFilename", value }));
  }
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, { file: importsFirst(files) }),
  );
  return createSchema(
    services.map((name): DescService => {
      const service = registry.getService(name);
      if (service !== undefined) return service;
      throw new ConnectError(`reflection lacks ${name}`, Code.Internal);
    }),
  );
}

/** Sorts files so that each comes after all that it imports. */
function importsFirst(
  files: ReadonlyMap<string, FileDescriptorProto>,
): FileDescriptorProto[] {
  const sorted = new Set<FileDescriptorProto>();
  const visiting = new Set<string>();
  const visit = (name: string) => {
    const file = files.get(name);
    if (file === undefined || visiting.has(name)) return;
    visiting.add(name);
    file.dependency.forEach(visit);
    sorted.add(file);
  };
  for (const name of files.keys()) visit(name);
  return [...sorted];
}
