// Runs cases on both sides, and demands that they answer alike.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { differenceOf } from "./differences.ts";
import { FORMATS, hello } from "./formats.ts";
import { Notes } from "./notes.ts";
import { type Line, type Request, toPlain } from "./request.ts";
import {
  type Behave,
  type Greeter,
  type Side,
  startConnects,
  startOurs,
} from "./sides.ts";

/** What a case has at hand. */
export interface Bench {
  readonly side: Side;
  readonly notes: Notes;
}

/** One thing to compare. */
export interface Case {
  /** Unique among all cases: differences are listed by it. */
  readonly name: string;
  /** Defaults to a polite greeter. */
  readonly behave?: Behave;
  /** Sent twice over one connection, one after the other. */
  readonly request?: Request;
  /** What to do instead; the result is compared. */
  readonly run?: (bench: Bench) => Promise<unknown>;
}

const POLITE: Behave = () => ({});

/** Make a test of each case. */
export function compareSides(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const one of cases) {
      test(one.name, async (t) => {
        // Connect prints what it can't tell the caller.
        t.mock.method(console, "error", () => {});
        const [ours, connects] = await Promise.all([
          runOn(startOurs, one),
          runOn(startConnects, one),
        ]);
        const difference = differenceOf(one.name);
        if (difference === undefined) {
          assert.deepEqual(ours, connects);
          return;
        }
        const { reason, forget } = difference;
        assert.notDeepEqual(ours, connects, `differs no more: ${reason}`);
        assert.deepEqual(forget(ours), forget(connects), reason);
      });
    }
  });
}

async function runOn(start: typeof startOurs, one: Case): Promise<unknown> {
  const notes = new Notes();
  await using side = await start((one.behave ?? POLITE)(notes));
  const { request } = one;
  const answers = await (one.run?.({ side, notes }) ??
    (request && sendTwice(side, request)));
  return { answers, notes: notes.all };
}

/** What is remembered of the first must not change the second. */
async function sendTwice(side: Side, request: Request): Promise<unknown> {
  using line = await side.connect(request.http ?? 2);
  const first = await send(line, request);
  // A connection that was closed answers no more.
  const isOver = first.fields.some(
    ([name, value]) => name === "connection" && value === "close",
  );
  return isOver ? [first] : [first, await send(line, request)];
}

/** Send a request and wait for the whole answer. */
export async function send(line: Line, request: Request) {
  return toPlain(await line.start(request).outcome);
}

/** Send one request over a connection of its own. */
export async function sendAlone(side: Side, request: Request) {
  using line = await side.connect(request.http ?? 2);
  return await send(line, request);
}

/** Send a greeting in each format, over each HTTP version that carries it. */
export function everywhere(
  fields: readonly Field[] = [],
  rest: Partial<Request> = {},
): (bench: Bench) => Promise<unknown> {
  return async ({ side }) => {
    const answers: Record<string, unknown> = {};
    for (const http of [2, 1] as const) {
      using line = await side.connect(http);
      for (const format of FORMATS) {
        if (format.protocol === "grpc" && http === 1) continue;
        const request = hello(format, fields, { http, ...rest });
        const name = `${format.name} over HTTP/${http}`;
        answers[name] = await send(line, request);
      }
    }
    return answers;
  };
}

type Hello = NonNullable<Greeter["hello"]>;
type Context = Parameters<Hello>[1];
type Answer = ReturnType<Hello>;

/** A greeter that does this; its contexts are kept. */
export function helloThat(
  act: (context: Context, notes: Notes, name: string) => unknown,
): Behave {
  return (notes) => ({
    greeter: {
      hello({ name }, context) {
        notes.contexts.push(context);
        // What it answers may be wrong on purpose.
        return act(context, notes, name) as Answer;
      },
    },
  });
}

/** A greeting of a context's caller. */
export const GREETING = { greeting: "Hello john" };
