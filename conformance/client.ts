// The client under test: one process that makes the calls the runner asks for
// on standard input, several at a time, and tells what came of each.

import { create } from "@bufbuild/protobuf";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  ClientCompatResponseSchema,
} from "./.cache/gen/connectrpc/conformance/v1/client_compat_pb.ts";
import { callAsTold } from "./call.ts";
import { readMessages, writeMessage } from "./frames.ts";
import { Transports } from "./transports.ts";

/** Many cases wait for a delay, so that several at a time take less long. */
const MAX_CALLS = 16;

const transports = new Transports();
const calls = new Set<Promise<void>>();
for await (const request of readMessages(
  ClientCompatRequestSchema,
  process.stdin,
)) {
  const call = answer(request).finally(() => calls.delete(call));
  calls.add(call);
  if (calls.size >= MAX_CALLS) await Promise.race(calls);
}
await Promise.all(calls);
await transports.close();

/** Make a call, and tell what came of it. An error of a call is a result, too. */
async function answer(request: ClientCompatRequest): Promise<void> {
  const { testName } = request;
  const response = await callAsTold(transports.for(request), request).then(
    (value) => ({ case: "response", value }) as const,
    (error: unknown) => {
      const message = error instanceof Error ? error.stack : String(error);
      return { case: "error", value: { message: message ?? "" } } as const;
    },
  );
  await writeMessage(
    ClientCompatResponseSchema,
    create(ClientCompatResponseSchema, { testName, result: response }),
    process.stdout,
  );
}
