// Measures the HTTP/2 engine beside others, on loopback: all rows, or those
// that are named. See ../README.md for how.

import { describeProgram, runSuite } from "../support/suite.ts";
import { createFiles } from "./peers.ts";
import { rows } from "./rows/all.ts";

await runSuite({
  name: "wire",
  command: "node bench/wire/main.ts",
  rows,
  calls: 200_000,
  createFiles,
  describePeers: () =>
    [
      describeProgram("h2load"),
      describeProgram("nghttpd"),
      describeProgram("nghttpx"),
      describeProgram("haproxy", "-v"),
      describeProgram("nginx", "-v"),
    ].join(", "),
});
