// Interceptors around unary calls.

import {
  Code,
  ConnectError,
  type Interceptor,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { type Case, compareSides, everywhere } from "../support/compare.ts";
import { hello, PROTO_FORMATS } from "../support/formats.ts";
import { ACTS, type Act, key, type Next } from "../support/interceptor-acts.ts";
import { type Notes, plainHeaders, plainSignal } from "../support/notes.ts";
import { PATHS } from "../support/sides.ts";

/** An interceptor of unary calls that does this, right or wrong. */
function interceptor(act: Act, notes: Notes): Interceptor {
  return (next) => async (request) =>
    (await act(next as Next, request as UnaryRequest, notes)) as UnaryResponse;
}

/** An odd interceptor around a handler that notes what it sees. */
function around(act: Act): Case["behave"] {
  return (notes) => ({
    interceptors: [interceptor(act, notes)],
    greeter: {
      hello(request, context) {
        notes.add("handler", request.name);
        notes.add(context.requestHeader.get("x-one"), context.values.get(key));
        context.responseHeader.set("x-handler", "1");
        context.responseTrailer.set("x-handler-trailer", "1");
        if (request.name === "broken")
          throw new ConnectError("broken", Code.DataLoss, { "x-meta": "1" });
        return { greeting: `Hello ${request.name}` };
      },
    },
  });
}

/** Notes when it is entered and left. */
const passing =
  (name: string, notes: Notes): Interceptor =>
  (next) => {
    notes.add(`made ${name}`);
    return async (request) => {
      notes.add(`into ${name}`);
      try {
        return await next(request);
      } finally {
        notes.add(`out of ${name}`);
      }
    };
  };

const three: Case["behave"] = (notes) => ({
  interceptors: ["one", "two", "three"].map((name) => passing(name, notes)),
  greeter: {
    hello({ name }) {
      notes.add("handler");
      if (name === "broken") throw new Error("broken");
      return { greeting: "Hello" };
    },
  },
});

compareSides("an interceptor", [
  ...Object.entries(ACTS).map(([what, act]) => ({
    name: `that ${what}`,
    behave: around(act) as NonNullable<Case["behave"]>,
    run: everywhere([["x-one", "1"]]),
  })),
  ...PROTO_FORMATS.flatMap((format): Case[] => {
    const broken = hello(format, [], { pieces: [Buffer.of(1, 2, 3)] });
    const missing = hello(format, [], { path: PATHS.say });
    const late = hello(format, [[format.timeoutField, "x"]]);
    const odd = hello(format, [[format.encodingField, "x"]]);
    const requests = { broken, late, odd, "for no method": missing };
    return [
      ...Object.entries(requests).map(
        ([what, request]): Case => ({
          name: `around a request that is ${what}, ${format.name}`,
          behave: three,
          request,
        }),
      ),
      {
        name: `among three, ${format.name}`,
        behave: three,
        request: hello(format),
      },
    ];
  }),
  {
    name: "that gets a copy from another one",
    behave: (notes) => ({
      interceptors: [
        (next) => (request) => next({ ...request }),
        (next) => (request) => {
          notes.add(Object.keys(request).sort(), request.url);
          notes.add(plainSignal(request.signal));
          notes.add(plainHeaders(request.header), request.requestMethod);
          return next({ ...request });
        },
      ],
      greeter: {
        hello(_request, context) {
          notes.add(plainSignal(context.signal));
          return {};
        },
      },
    }),
    run: everywhere(),
  },
  {
    name: "that hands values to a handler, and back",
    behave: (notes) => ({
      interceptors: [
        (next) => async (request) => {
          request.contextValues.set(key, "from outside");
          const response = await next(request);
          notes.add(request.contextValues.get(key));
          return response;
        },
        (next) => (request) => {
          notes.add(request.contextValues.get(key));
          request.contextValues.set(key, "from inside");
          return next(request);
        },
      ],
      greeter: {
        hello(_request, context) {
          notes.add(context.values.get(key));
          context.values.set(key, "from the handler");
          return {};
        },
      },
    }),
    run: everywhere(),
  },
]);
