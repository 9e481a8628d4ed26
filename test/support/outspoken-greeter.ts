// A service that shows what clients of other makers make of an error with
// details, a deadline and metadata. A program; what it does is chosen by name.

import { Code, ConnectError } from "@connectrpc/connect";
import {
  GreeterService,
  HelloRequestSchema,
} from "../../gen/greeter/v1/greeter_pb.ts";
import { runService } from "../../runtime/index.ts";

await runService({
  name: "outspoken",
  routes(router) {
    router.service(GreeterService, {
      async hello({ name }, { signal, ...context }) {
        const { requestHeader, responseHeader, responseTrailer } = context;
        const text = requestHeader.get("x-text");
        if (text !== null) responseHeader.set("x-text", text);
        const bytes = requestHeader.get("x-some-bin");
        if (bytes !== null) responseTrailer.set("x-some-bin", bytes);
        if (name === "nobody") throw noSuchPerson();
        if (name === "waits") await aborted(signal);
        return { greeting: `Hello ${name}` };
      },
      async *countdown({ name, from }) {
        for (let i = from; i > 0; i--) yield { line: `${i}` };
        yield { line: `Hello ${name}` };
      },
      async helloAll(requests) {
        const names: string[] = [];
        for await (const { name } of requests) names.push(name);
        return { greeting: `Hello ${names.join(", ")}`, count: names.length };
      },
      async *chat(requests) {
        for await (const { line } of requests)
          yield { line: `You said: ${line}` };
      },
    });
  },
});

function noSuchPerson(): ConnectError {
  const details = [{ desc: HelloRequestSchema, value: { name: "anybody" } }];
  const metadata = { "x-reason": "unknown" };
  const message = "nobody is here: 100 % sure, für immer";
  return new ConnectError(message, Code.NotFound, metadata, details);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
