// What is served: handlers that do next to nothing. All programs have the same
// ones, in Connect's form and in that of grpc-js.

import type { ConnectRouter } from "@connectrpc/connect";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import { BlobService } from "./blob-service.ts";

/** What the greeter streams: with its tag and length 100 bytes. */
export const LINE = "x".repeat(98);

/** How many lines a call of the greeter streams. */
export const LINES = 1_000;

/** A message of the blob service, with its tag and length, has 1 MiB. */
export const BLOB = Buffer.alloc(2 ** 20 - 4, "portolan");

/** How many of them are streamed, either way. */
export const BLOBS = 16;

/** Register both services. */
export function routes(router: ConnectRouter): void {
  router.service(GreeterService, {
    hello: ({ name }) => ({ greeting: name }),
    async *countdown({ from }) {
      for (let i = 0; i < from; i++) yield { line: LINE };
    },
  });
  router.service(BlobService, {
    echo: ({ value }) => ({ value }),
    async upload(messages) {
      let bytes = 0;
      for await (const { value } of messages) bytes += value.length;
      return { value: bytes };
    },
    async *download({ value }) {
      for (let i = 0; i < value; i++) yield { value: BLOB };
    },
  });
}
