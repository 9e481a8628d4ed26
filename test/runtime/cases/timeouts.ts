// Deadlines: every way to write one, and what becomes of a call that has one.

import type { HandlerContext } from "@connectrpc/connect";
import {
  type Case,
  compareSides,
  helloThat,
  send,
} from "../support/compare.ts";
import { FORMATS, type Format, hello, helloBody } from "../support/formats.ts";
import { abortOf, type Notes, plainSignal } from "../support/notes.ts";
import { toPlain } from "../support/request.ts";
import type { Behave } from "../support/sides.ts";

const LONG = {
  grpc: [
    ...["1H", "60M", "100S", "50000m", "99999999m", "99999999u", "00000100S"],
  ],
  connect: ["50000", "1000000000", "0000050000", "0000100000"],
};

const SHORT = {
  grpc: ["0S", "0H", "0m", "0n", "00000000S", "1u", "1n", "99n", "5m", "20m"],
  connect: ["0", "00", "1", "20"],
};

/** Longer than a timer of Node's can wait. */
const TOO_LONG = {
  grpc: ["99999999H", "99999999S", "1000H"],
  connect: ["9999999999", "2147483648"],
};

const INVALID = {
  grpc: [
    ...["", "5", "S", "5s", "5 S", "-1S", "+5S", "1.5S", "5X", "5SS", "1H1M"],
    ...["100000000m", "999999999S", "5N", "0x5S", "5S, 6S", "infinity", "NaN"],
  ],
  connect: [
    ...["", "-1", "+5", "5.5", "5e3", "abc", "0x10", "5000m", "10000000000"],
    ...["99999999999", "5, 6", "5 000", "Infinity", "null"],
  ],
};

/** Notes whether there is a deadline, which must not be over yet. */
const unhurried = helloThat((context, notes) => {
  noteDeadline(context, notes);
  notes.add(plainSignal(context.signal));
  return {};
});

/** Connect's timer fires at once, ours when it should: nobody waits for it. */
const unwaited = helloThat((context, notes) => {
  noteDeadline(context, notes);
  return {};
});

function noteDeadline(context: HandlerContext, notes: Notes): void {
  const { timeoutMs } = context;
  const left = timeoutMs();
  notes.add(left === undefined ? "no deadline" : typeof left);
}

/** Waits for the deadline, and then does what it is told. */
function expired(then: (context: HandlerContext) => unknown): Behave {
  return helloThat(async (context, notes) => {
    noteDeadline(context, notes);
    await abortOf(context.signal);
    notes.add(plainSignal(context.signal));
    return then(context);
  });
}

const throwing = (context: HandlerContext): never => {
  throw context.signal.reason;
};

compareSides("a time-out", [
  ...FORMATS.flatMap((format): Case[] => [
    ...casesOf(format, LONG, unhurried),
    ...casesOf(format, INVALID, unhurried),
    ...casesOf(format, SHORT, expired(throwing)),
    {
      name: `that a handler heeds too late, ${format.name}`,
      behave: expired(() => ({ greeting: "too late" })),
      request: hello(format, [timeout(format, 10)]),
    },
    {
      name: `after which a handler throws something else, ${format.name}`,
      behave: expired(() => {
        throw new Error("because of that");
      }),
      request: hello(format, [timeout(format, 10)]),
    },
    {
      name: `that is none, ${format.name}`,
      behave: unhurried,
      request: hello(format),
    },
    {
      name: `in two fields, ${format.name}`,
      behave: unhurried,
      request: hello(format, [timeout(format, 5_000), timeout(format, 6_000)]),
    },
    {
      name: `in the field of another protocol, ${format.name}`,
      behave: unhurried,
      request: hello(format, [
        format.protocol === "connect"
          ? ["grpc-timeout", "0S"]
          : ["connect-timeout-ms", "0"],
      ]),
    },
    {
      name: `that passes in an interceptor, ${format.name}`,
      behave: (notes) => ({
        interceptors: [
          (next) => async (request) => {
            await abortOf(request.signal);
            notes.add(plainSignal(request.signal));
            return await next(request);
          },
        ],
        greeter: {
          hello(_request, context) {
            notes.add(plainSignal(context.signal));
            return { greeting: "Hello" };
          },
        },
      }),
      request: hello(format, [timeout(format, 10)]),
    },
    {
      name: `that is over before its body is broken, ${format.name}`,
      behave: unhurried,
      request: hello(format, [timeout(format, 0)], {
        pieces: [Buffer.from("{{{{{{")],
      }),
    },
    {
      name: `that is invalid, with an unknown encoding, ${format.name}`,
      behave: unhurried,
      request: hello(format, [
        [format.timeoutField, "x"],
        [format.encodingField, "x"],
      ]),
    },
  ]),
]);

compareSides("a time-out that passes", [
  ...FORMATS.map(
    (format): Case => ({
      name: `before the body has come, ${format.name}`,
      behave: helloThat(async (context, notes, name) => {
        if (name === "john") await abortOf(context.signal);
        notes.add(name, plainSignal(context.signal));
        return { greeting: "Hello" };
      }),
      async run({ side }) {
        using line = await side.connect(2);
        const fields = [timeout(format, 20)];
        const body = helloBody(format, "late");
        const call = line.start(
          hello(format, fields, { pieces: [], end: "never" }),
        );
        // When this one's is over, that of the earlier one is.
        await send(line, hello(format, fields));
        call.write(body);
        call.end();
        return toPlain(await call.outcome);
      },
    }),
  ),
]);

compareSides("a time-out that no timer can wait for", [
  ...FORMATS.flatMap((format) => casesOf(format, TOO_LONG, unwaited, true)),
]);

function casesOf(
  format: Format,
  values: { grpc: readonly string[]; connect: readonly string[] },
  behave: Behave,
  isTooLong = false,
): Case[] {
  const all = format.protocol === "connect" ? values.connect : values.grpc;
  return all.map((value) => ({
    name: `of "${value}"${isTooLong ? ", too long," : ""} ${format.name}`,
    behave,
    request: hello(format, [[format.timeoutField, value]]),
  }));
}

function timeout(format: Format, ms: number): readonly [string, string] {
  const unit = format.protocol === "connect" ? "" : "m";
  return [format.timeoutField, `${ms}${unit}`];
}
