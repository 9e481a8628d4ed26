// A client on createMeshTransport, with a directory that knows one instance.
//
//   node bench/runtime/programs/mesh-client.ts 50051

import { createClient } from "@connectrpc/connect";
import { GreeterService } from "../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../mesh/client/index.ts";
import { createStaticDirectory } from "../../../mesh/registry/index.ts";
import { NAME } from "../messages.ts";
import { announceClient } from "./keep-calling.ts";

const addresses = [`127.0.0.1:${process.argv[2]}`];
const directory = createStaticDirectory({
  entries: [{ service: GreeterService.typeName, addresses }],
});
const greeter = createClient(
  GreeterService,
  createMeshTransport({ directory }),
);
await announceClient(() => greeter.hello({ name: NAME }));
