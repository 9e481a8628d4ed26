// What handlers and interceptors of streams answer, right and wrong, and what
// they see when a call ends.

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import {
  CountdownRequestSchema,
  CountdownResponseSchema,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import { type Case, compareSides, send } from "../support/compare.ts";
import {
  abortOf,
  type Notes,
  plainHeaders,
  plainReason,
  plainSignal,
} from "../support/notes.ts";
import { type Greeter, PATHS } from "../support/sides.ts";
import {
  countdown,
  lines,
  type Make,
  STREAMS,
  toRequest,
} from "../support/stream-formats.ts";

type Countdown = NonNullable<Greeter["countdown"]>;
type Context = Parameters<Countdown>[1];
type Act = (context: Context, notes: Notes) => unknown;

const key = createContextKey("default");

/** An iterable that is no generator. */
function iterable(
  results: readonly unknown[],
  notes: Notes,
  more = {},
): unknown {
  const left = [...results];
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        notes.add("next");
        const done = left.length === 0;
        return { done, value: left.shift() };
      },
      ...more,
    }),
  };
}

const ANSWERS: Record<string, Act> = {
  "with parts of messages": async function* () {
    yield {};
    yield { line: "one" };
    yield create(CountdownResponseSchema, { line: "two" });
  },
  "with the same message again": async function* () {
    const message = create(CountdownResponseSchema);
    for (const line of ["one", "two", "three"]) {
      message.line = line;
      yield message;
    }
  },
  "with a wrong message after a right one": async function* () {
    yield { line: "one" };
    yield { line: 5 };
  },
  "with nothing for a message": async function* () {
    yield undefined;
  },
  "with a message of another type": async function* () {
    yield create(CountdownRequestSchema, { name: "a" });
  },
  "with nothing at all": async function* () {},
  "with undefined": () => undefined,
  "with a list": () => [{ line: "one" }],
  "with a promise": async () => [{ line: "one" }],
  "with an iterator of its own": (_context, notes) =>
    iterable([{ line: "one" }, { line: "two" }], notes),
  "with an iterator that wants to know its end": (_context, notes) =>
    iterable([{ line: "one" }], notes, {
      return: async () => {
        notes.add("return");
        return { done: true };
      },
      throw: async () => {
        notes.add("throw");
        return { done: true };
      },
    }),
  "with an iterator that fails": (_context, notes) =>
    iterable([{ line: "one" }], notes, {
      next: () => Promise.reject(new ConnectError("no", Code.NotFound)),
    }),
  "with header fields in time and too late": async function* (context) {
    context.responseHeader.set("x-before", "1");
    yield { line: "one" };
    await new Promise(setImmediate);
    context.responseHeader.set("x-after", "1");
    context.responseTrailer.append("x-trailer", "1");
    yield { line: "two" };
    context.responseTrailer.append("x-trailer", "2");
    context.responseTrailer.set("x-trailer-bin", "AAEC");
  },
  "with trailers, and then fails": async function* (context) {
    context.responseTrailer.set("x-trailer", "1");
    yield { line: "one" };
    throw new ConnectError("100 % no", Code.DataLoss, [
      ["x-meta", "1"],
      ["x-meta", "2"],
      ["x-meta-bin", "AAEC"],
      ["content-type", "text/plain"],
    ]);
  },
  "with long trailers": async function* (context) {
    context.responseTrailer.set("x-long", "l".repeat(3_000));
    yield { line: "one" };
  },
  "with long messages and short ones": async function* () {
    for (const bytes of [10, 2_000, 0, 1_020, 1_021, 1_022, 50_000])
      yield { line: "x".repeat(bytes) };
  },
  "with many messages": async function* () {
    for (let i = 0; i < 1_000; i++) yield { line: `${i}` };
  },
  "and throws undefined at its end": async function* () {
    yield { line: "one" };
    throw undefined;
  },
  "and throws a text at its end": async function* () {
    yield { line: "one" };
    throw "secret";
  },
  "and looks around": async function* (context, notes) {
    notes.add(context.method.name, context.service.typeName, context.url);
    notes.add(context.protocolName, context.requestMethod);
    notes.add(plainHeaders(context.requestHeader), context.timeoutMs());
    notes.add(plainHeaders(context.responseHeader));
    notes.add(plainHeaders(context.responseTrailer));
    const copy = { ...context };
    notes.add(copy.url, context.values.get(key), plainSignal(copy.signal));
    yield {};
  },
  "and notes when its signal aborts": async function* (context, notes) {
    const { signal } = context;
    signal.addEventListener("abort", () =>
      notes.add("aborted", plainReason(signal.reason)),
    );
    try {
      yield { line: "one" };
    } finally {
      notes.add("finally", plainSignal(signal));
    }
  },
  "and notes when its signal aborts, and fails": async function* (
    { signal },
    notes,
  ) {
    signal.addEventListener("abort", () =>
      notes.add("aborted", plainReason(signal.reason)),
    );
    yield { line: "one" };
    throw new ConnectError("no", Code.NotFound);
  },
};

const ask: Make = (it) => ({
  path: PATHS.countdown,
  pieces: [countdown(it, "a")],
});
const accepting: Make = (it) => ({
  ...ask(it),
  more: [[it.acceptField, "gzip"]],
});

compareSides("a handler of a stream that answers", [
  ...STREAMS.flatMap((format): Case[] => [
    ...Object.entries(ANSWERS).flatMap(([what, act]): Case[] => [
      {
        name: `${what}, ${format.name}`,
        behave: (notes) => ({ greeter: countdownThat(act, notes) }),
        request: toRequest(format, ask, 2),
      },
      {
        name: `${what}, where gzip is accepted, ${format.name}`,
        behave: (notes) => ({ greeter: countdownThat(act, notes) }),
        request: toRequest(format, accepting, 2),
      },
    ]),
    {
      name: `and is cancelled while it waits, ${format.name}`,
      behave: (notes) => ({
        greeter: countdownThat(async function* ({ signal }) {
          try {
            yield { line: "one" };
            await abortOf(signal);
            notes.add("aborted", plainReason(signal.reason));
            yield { line: "two" };
            notes.add("never");
          } finally {
            notes.add("finally");
          }
        }, notes),
      }),
      async run({ side, notes }) {
        using line = await side.connect(2);
        const call = line.start(toRequest(format, ask, 2));
        await call.received(8);
        call.cancel();
        await notes.count(3);
        const next = toRequest(format, () => ({ path: PATHS.helloAll }), 2);
        return await send(line, next);
      },
    },
    {
      name: `and is cancelled while it listens, ${format.name}`,
      behave: (notes) => ({
        greeter: {
          async *chat(requests) {
            try {
              for await (const { line } of requests) yield { line };
              notes.add("the end");
            } catch (reason) {
              notes.add("failed", plainReason(reason));
            }
          },
        },
      }),
      async run({ side, notes }) {
        using line = await side.connect(2);
        const call = line.start({
          ...toRequest(format, () => ({ path: PATHS.chat }), 2),
          ...{ pieces: lines(format, "a"), end: "never" },
        });
        await call.received(8);
        call.cancel();
        await notes.count(2);
      },
    },
  ]),
]);

function countdownThat(act: Act, notes: Notes): Greeter {
  return { countdown: (_request, context) => act(context, notes) as never };
}
