// Measures the runtime and the client of the mesh beside others, on loopback:
// all rows, or those that are named. See ../README.md for how.

import {
  describePackage,
  describeProgram,
  runSuite,
} from "../support/suite.ts";
import { createFiles } from "./messages.ts";
import { rows } from "./rows/all.ts";

await runSuite({
  name: "runtime",
  command: "node bench/runtime/main.ts",
  rows,
  calls: 200_000,
  createFiles,
  describePeers: () =>
    [
      describeProgram("h2load"),
      describePackage("@connectrpc/connect-node"),
      describePackage("@grpc/grpc-js"),
      describePackage("@bufbuild/protobuf"),
    ].join(", "),
});
