// A client on connect-node's gRPC transport.
//
//   node bench/runtime/programs/connect-node-client.ts 50051

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { GreeterService } from "../../../gen/greeter/v1/greeter_pb.ts";
import { NAME } from "../messages.ts";
import { announceClient } from "./keep-calling.ts";

const baseUrl = `http://127.0.0.1:${process.argv[2]}`;
const greeter = createClient(GreeterService, createGrpcTransport({ baseUrl }));
await announceClient(() => greeter.hello({ name: NAME }));
