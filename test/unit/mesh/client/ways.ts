// The ways that a unary gRPC call can take, which must be the same to whoever
// looks: ours, Connect's protocol on our connections, and connect-node's client.

import assert from "node:assert/strict";
import { toJson } from "@bufbuild/protobuf";
import {
  type CallOptions,
  Code,
  ConnectError,
  createClient,
  type Transport,
} from "@connectrpc/connect";
import {
  createGrpcTransport,
  type GrpcTransportOptions,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import {
  GreeterService,
  HelloResponseSchema,
} from "../../../../gen/greeter/v1/greeter_pb.ts";
import {
  createMeshTransport,
  type MeshTransportOptions,
} from "../../../../mesh/client/index.ts";
import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import { instance } from "../registry/support.ts";

/** What a transport may be told in addition. */
export type Options = Partial<
  Omit<MeshTransportOptions, "etcd" | "directory" | "acceptCompression">
>;

/** The ways that must be the same, for one instance. */
export function createWays(address: string, options: Options) {
  const { registrar, directory } = createMemoryRegistry();
  registrar.register(instance({ address }));
  const common = { readMaxBytes: 256 << 10, ...options };
  const short = createMeshTransport({ directory, ...common });
  const long = createMeshTransport({
    ...{ directory, ...common },
    useShortWay: false,
  });
  const baseUrl = `http://${address}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const connect = createGrpcTransport({
    ...({ ...common, baseUrl } as GrpcTransportOptions),
    sessionManager,
  });
  return {
    ways: { short, long, connect },
    async [Symbol.asyncDispose]() {
      await short.close();
      await long.close();
      sessionManager.abort();
    },
  };
}

/** All that a caller can see of a call. */
export async function outcomeOf(
  transport: Transport,
  callOptions: CallOptions = {},
) {
  const seen: Record<string, unknown> = {};
  const client = createClient(GreeterService, transport);
  try {
    const response = await client.hello(
      { name: "john" },
      {
        ...callOptions,
        onHeader: (header) => {
          seen["header"] = entries(header);
        },
        onTrailer: (trailer) => {
          seen["trailer"] = entries(trailer);
        },
      },
    );
    seen["message"] = toJson(HelloResponseSchema, response);
    seen["unknown"] = response.$unknown?.map(({ no, data }) => [no, [...data]]);
  } catch (error) {
    assert.ok(error instanceof ConnectError, String(error));
    seen["code"] = Code[error.code];
    seen["text"] = error.rawMessage;
    seen["details"] = error.details;
    seen["metadata"] = entries(error.metadata);
    seen["isWireError"] = error.isWireError;
  }
  return seen;
}

function entries(headers: Headers): [string, string][] {
  return [...headers].filter(([name]) => name !== "date");
}
