// What a handler is given beside its message.

import { createContextKey } from "@connectrpc/connect";
import { compareSides, everywhere, helloThat } from "../support/compare.ts";
import { plainHeaders, plainSignal } from "../support/notes.ts";
import { PATHS } from "../support/sides.ts";

const key = createContextKey("default");

const DOCUMENTED = [
  ...["method", "service", "requestMethod", "signal", "timeoutMs", "url"],
  ...["requestHeader", "responseHeader", "responseTrailer", "protocolName"],
  "values",
] as const;

compareSides("a context", [
  {
    name: "says what is called, and how",
    behave: helloThat((context, notes) => {
      notes.add(context.method.name, context.method.parent.typeName);
      notes.add(context.service.typeName, context.protocolName);
      notes.add(context.requestMethod, context.url, context.timeoutMs());
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "has a URL with its query",
    behave: helloThat((context, notes) => {
      notes.add(context.url);
      return {};
    }),
    run: everywhere([], { path: `${PATHS.hello}?a=%20b&c=d%2Fe&f=\u00e9` }),
  },
  {
    name: "is an object that can be copied",
    behave: helloThat((context, notes) => {
      const copy = { ...context };
      notes.add(DOCUMENTED.map((name) => [name, typeof copy[name]]));
      notes.add(copy.url, copy.timeoutMs(), plainSignal(copy.signal));
      notes.add(plainHeaders(copy.responseHeader));
      copy.responseHeader.set("x-by-copy", "1");
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "has functions that need no object",
    behave: helloThat(({ timeoutMs, values }, notes) => {
      notes.add(timeoutMs(), values.get(key));
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "has values of its own call",
    behave: helloThat(({ values }, notes) => {
      notes.add(values.get(key));
      values.set(key, "mine");
      notes.add(values.get(key));
      values.delete(key);
      notes.add(values.get(key));
      values.set(key, "left behind");
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "has the same parts whenever it is asked",
    behave: helloThat((context, notes) => {
      for (const name of DOCUMENTED.filter((name) => name !== "timeoutMs"))
        notes.add([name, Object.is(context[name], context[name])]);
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "is still there after the call",
    behave: helloThat((context, notes) => {
      queueMicrotask(() => notes.add("later", context.url));
      setImmediate(() => {
        notes.add(context.method.name, plainHeaders(context.requestHeader));
        notes.add(typeof context.timeoutMs(), context.values.get(key));
      });
      return {};
    }),
    async run(bench) {
      const answers = await everywhere()(bench);
      await bench.notes.count(10 * 6);
      return [answers, bench.notes.all.splice(0).length];
    },
  },
  {
    name: "comes with the object that implements the service",
    behave: (notes) => {
      class Counter {
        #count = 0;
        hello(request: object) {
          this.#count++;
          notes.add(this.#count, { ...request }, Object.keys(request));
          return { greeting: `${this.#count}` };
        }
      }
      const counter = new Counter();
      return { greeter: { hello: (request) => counter.hello(request) } };
    },
    run: everywhere(),
  },
]);
