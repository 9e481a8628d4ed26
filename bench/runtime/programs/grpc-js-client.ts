// A client on @grpc/grpc-js.
//
//   node bench/runtime/programs/grpc-js-client.ts 50051

import { create } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import {
  GreeterService,
  HelloRequestSchema,
  type HelloResponse,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import { describeMethod } from "../grpc-js-method.ts";
import { NAME } from "../messages.ts";
import { announceClient } from "./keep-calling.ts";

const address = `127.0.0.1:${process.argv[2]}`;
const client = new Client(address, credentials.createInsecure());
const { path, requestSerialize, responseDeserialize } = describeMethod(
  GreeterService.method.hello,
);

await announceClient(
  () =>
    new Promise<HelloResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize] as const),
        create(HelloRequestSchema, { name: NAME }),
        (error, answer) => {
          if (answer !== undefined) resolve(answer);
          else reject(error ?? new Error("no answer"));
        },
      );
    }),
);
