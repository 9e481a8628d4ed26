// The signal of a call: when it aborts, and why.

import { ConnectError, Code as Rpc } from "@connectrpc/connect";
import { Code } from "../../support/raw-http2/frames.ts";
import {
  type Bench,
  type Case,
  compareSides,
  helloThat,
  send,
} from "../support/compare.ts";
import {
  FORMATS,
  type Format,
  hello,
  PROTO_FORMATS,
} from "../support/formats.ts";
import { abortOf, plainReason, plainSignal } from "../support/notes.ts";
import type { Behave } from "../support/sides.ts";

/** Waits until the call is cancelled. */
const waiting = helloThat(async (context, notes, name) => {
  if (name !== "john") return { greeting: name };
  notes.add("waiting");
  await abortOf(context.signal);
  notes.add(plainSignal(context.signal));
  throw context.signal.reason;
});

/** Notes whenever the signal aborts, and does that. */
function listening(act: () => unknown): Behave {
  return helloThat((context, notes) => {
    context.signal.addEventListener("abort", () =>
      notes.add("aborted", plainReason(context.signal.reason)),
    );
    notes.add(plainSignal(context.signal));
    return act();
  });
}

compareSides("the signal of a call that is cancelled", [
  ...FORMATS.map((format) => cancelled(format, "cancel")),
  ...Object.keys(Code).flatMap((code) =>
    code === "cancel"
      ? []
      : PROTO_FORMATS.map((format) =>
          cancelled(format, code as keyof typeof Code),
        ),
  ),
  ...PROTO_FORMATS.map((format) => ({
    name: `by the end of its connection, ${format.name}`,
    behave: waiting,
    async run({ side, notes }: Bench) {
      const line = await side.connect(2);
      line.start(hello(format)).outcome.catch(() => {});
      await notes.count(1);
      line[Symbol.dispose]();
      await notes.count(2);
    },
  })),
  ...PROTO_FORMATS.filter(({ protocol }) => protocol !== "grpc").map(
    (format) => ({
      name: `by hanging up, ${format.name} over HTTP/1.1`,
      behave: waiting,
      async run({ side, notes }: Bench) {
        const line = await side.connect(1);
        line.start(hello(format, [], { http: 1 })).outcome.catch(() => {});
        await notes.count(1);
        line[Symbol.dispose]();
        await notes.count(2);
      },
    }),
  ),
  ...PROTO_FORMATS.map((format) => ({
    name: `before its request is whole, ${format.name}`,
    behave: waiting,
    async run({ side }: Bench) {
      using line = await side.connect(2);
      const call = line.start(hello(format, [], { end: "never" }));
      call.cancel();
      // No handler was called for the one that was cancelled.
      return await afterwards(side, format);
    },
  })),
]);

compareSides("the signal of a call that has ended", [
  ...FORMATS.flatMap((format): Case[] => [
    {
      name: `with a greeting, ${format.name}`,
      behave: listening(() => ({ greeting: "Hello" })),
      run: (bench) => looked(bench, format),
    },
    {
      name: `with a greeting that came later, ${format.name}`,
      behave: listening(async () => {
        await new Promise(setImmediate);
        return { greeting: "Hello" };
      }),
      run: (bench) => looked(bench, format),
    },
    {
      name: `with an error, ${format.name}`,
      behave: listening(() => {
        throw new ConnectError("no", Rpc.NotFound);
      }),
      run: (bench) => looked(bench, format),
    },
    {
      name: `with a text that was thrown, ${format.name}`,
      behave: listening(() => {
        throw "text";
      }),
      run: (bench) => looked(bench, format),
    },
    {
      name: `with an answer that can't be encoded, ${format.name}`,
      behave: listening(() => ({ greeting: 5 })),
      run: (bench) => looked(bench, format),
    },
    {
      name: `with a deadline ahead, ${format.name}`,
      behave: listening(() => ({ greeting: "Hello" })),
      run: (bench) =>
        looked(bench, format, [
          format.timeoutField,
          format.protocol === "connect" ? "50000" : "50S",
        ]),
    },
  ]),
]);

/** Reset by a client while its handler waits; the connection lives on. */
function cancelled(format: Format, code: keyof typeof Code): Case {
  return {
    name: `by a reset with ${code}, ${format.name}`,
    behave: waiting,
    async run({ side, notes }) {
      using line = await side.connect(2);
      const call = line.start(hello(format));
      await notes.count(1);
      call.cancel(Code[code]);
      await notes.count(2);
      return await afterwards(side, format);
    },
  };
}

async function afterwards(side: Bench["side"], format: Format) {
  using line = await side.connect(2);
  return await send(line, hello(format, [], { pieces: bodyFor(format) }));
}

function bodyFor(format: Format): Buffer[] {
  const [body = Buffer.alloc(0)] = hello(format).pieces ?? [];
  return [
    Buffer.from(
      Buffer.from(body).toString("latin1").replace("john", "jane"),
      "latin1",
    ),
  ];
}

/** What there is to see when the caller has its answer. */
async function looked(
  { side, notes }: Bench,
  format: Format,
  ...fields: readonly (readonly [string, string])[]
): Promise<unknown> {
  using line = await side.connect(2);
  const answer = await send(line, hello(format, fields));
  await new Promise(setImmediate);
  const [context] = notes.contexts;
  return { answer, signal: context && plainSignal(context.signal) };
}
