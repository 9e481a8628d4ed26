// Instances that do what a test says, and a client of them.

import { create, toBinary } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  GreeterService,
  HelloResponseSchema,
} from "../../../../gen/greeter/v1/greeter_pb.ts";
import {
  createMeshTransport,
  type MeshTransportOptions,
} from "../../../../mesh/client/index.ts";
import {
  createSnapshotFeed,
  type Directory,
} from "../../../../mesh/registry/index.ts";
import { ErrorCode } from "../../../../wire/index.ts";
import type { Recorder } from "../../gateway/recorder.ts";
import { instance } from "../registry/support.ts";
import {
  answer,
  envelope,
  type Scripted,
  type ScriptedOptions,
  startScripted,
} from "./scripted.ts";

/** Answer with a greeting, in the protocol of the call. */
export function greet(call: Recorder, greeting = "hello"): Promise<void> {
  const schema = HelloResponseSchema;
  const message = toBinary(schema, create(schema, { greeting }));
  const type = call.headers.get("content-type") ?? "";
  const isGrpc = type.startsWith("application/grpc");
  return answer(call, {
    head: [
      [":status", "200"],
      ["content-type", type],
    ],
    body: [isGrpc ? envelope(message) : message],
    ...(isGrpc && { trailers: [["grpc-status", "0"]] }),
  });
}

/** Say that nobody has looked at a call. */
export const refuse = (call: Recorder) =>
  call.stream.reset(ErrorCode.refusedStream);

/** A client of instances, by their addresses, in this order. */
export function open(
  addresses: readonly string[],
  options: Partial<MeshTransportOptions> = {},
) {
  const feed = createSnapshotFeed();
  feed.synced(addresses.map((address, i) => instance({ id: `${i}`, address })));
  const directory: Directory = {
    get snapshot() {
      return feed.snapshot;
    },
    subscribe: feed.subscribe,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const transport = createMeshTransport({
    ...options,
    directory,
  } as MeshTransportOptions);
  return {
    transport,
    client: createClient(GreeterService, transport as Transport),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

/** Several instances that do the same. */
export async function startAll(count: number, options: ScriptedOptions) {
  const stack = new AsyncDisposableStack();
  const instances: Scripted[] = [];
  for (let i = 0; i < count; i++)
    instances.push(stack.use(await startScripted(options)));
  return {
    instances,
    addresses: instances.map(({ address }) => address),
    get calls() {
      return instances.map(({ calls }) => calls.length);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
