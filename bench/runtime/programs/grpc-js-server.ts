// The services on @grpc/grpc-js: the same handlers as in ../routes.ts, in its
// own form.

import { once } from "node:events";
import { promisify } from "node:util";
import { create } from "@bufbuild/protobuf";
import {
  type BytesValue,
  BytesValueSchema,
  type UInt32Value,
  UInt32ValueSchema,
} from "@bufbuild/protobuf/wkt";
import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import {
  type CountdownRequest,
  type CountdownResponse,
  CountdownResponseSchema,
  GreeterService,
  type HelloRequest,
  type HelloResponse,
  HelloResponseSchema,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import { announceProgram } from "../../support/announce.ts";
import { BlobService } from "../blob-service.ts";
import { describeMethod } from "../grpc-js-method.ts";
import { BLOB, LINE } from "../routes.ts";

const hello: handleUnaryCall<HelloRequest, HelloResponse> = (call, answer) =>
  answer(null, create(HelloResponseSchema, { greeting: call.request.name }));

const countdown: handleServerStreamingCall<
  CountdownRequest,
  CountdownResponse
> = (call) =>
  void send(call, call.request.from, () =>
    create(CountdownResponseSchema, { line: LINE }),
  );

const echo: handleUnaryCall<BytesValue, BytesValue> = (call, answer) =>
  answer(null, create(BytesValueSchema, { value: call.request.value }));

const upload: handleClientStreamingCall<BytesValue, UInt32Value> = (
  call,
  answer,
) => {
  let bytes = 0;
  call.on("data", ({ value }: BytesValue) => {
    bytes += value.length;
  });
  call.on("end", () => {
    answer(null, create(UInt32ValueSchema, { value: bytes }));
  });
};

const download: handleServerStreamingCall<UInt32Value, BytesValue> = (call) =>
  void send(call, call.request.value, () =>
    create(BytesValueSchema, { value: BLOB }),
  );

/** Send a number of messages, no more at once than there is room for. */
async function send<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  count: number,
  createMessage: () => Response,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (!call.write(createMessage())) await once(call, "drain");
  }
  call.end();
}

const server = new Server();
server.addService(
  {
    hello: describeMethod(GreeterService.method.hello),
    countdown: describeMethod(GreeterService.method.countdown),
  },
  { hello, countdown },
);
server.addService(
  {
    echo: describeMethod(BlobService.method.echo),
    upload: describeMethod(BlobService.method.upload),
    download: describeMethod(BlobService.method.download),
  },
  { echo, upload, download },
);
const listen = promisify(server.bindAsync.bind(server));
const port = await listen("127.0.0.1:0", ServerCredentials.createInsecure());
await announceProgram({ port });
