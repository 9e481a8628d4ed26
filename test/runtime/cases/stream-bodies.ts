// Bodies of calls with streams, whole and broken, and what handlers make of them.

import { gzipSync } from "node:zlib";
import { envelope } from "../../support/raw-rpc.ts";
import { type Case, compareSides, send } from "../support/compare.ts";
import { type Notes, plainReason } from "../support/notes.ts";
import type { Behaviour, Greeter } from "../support/sides.ts";
import { PATHS } from "../support/sides.ts";
import {
  countdown,
  lines,
  type Make,
  names,
  STREAMS,
  toRequest,
} from "../support/stream-formats.ts";

type HelloAll = NonNullable<Greeter["helloAll"]>;
type Requests = Parameters<HelloAll>[0];

const LIMIT = 100;

/** Notes each message, and how they end. */
async function listen(requests: Requests, notes: Notes): Promise<number> {
  let count = 0;
  try {
    for await (const { name } of requests) {
      notes.add(name.length > 20 ? name.length : name);
      count++;
    }
    notes.add("the end");
  } catch (reason) {
    notes.add("failed", plainReason(reason));
    throw reason;
  }
  return count;
}

const listening = (notes: Notes): Behaviour => ({
  greeter: {
    async helloAll(requests) {
      return { count: await listen(requests, notes) };
    },
    async *countdown({ name }) {
      notes.add(name);
      yield { line: name };
    },
    async *chat(requests) {
      for await (const { line } of requests) {
        notes.add(line);
        yield { line };
      }
      notes.add("the end");
    },
  },
  readMaxBytes: LIMIT,
});

const end = (json: string, flags = 2) => envelope(flags, Buffer.from(json));

/** Of a client's stream. */
const BODIES: Record<string, Make> = {
  "with an empty message": (it) => ({ pieces: names(it, "a", "", "b") }),
  "of messages of no length": () => ({
    pieces: [envelope(0, Buffer.alloc(0)), envelope(0, Buffer.alloc(0))],
  }),
  "with an end of its own": (it) => ({
    pieces: [...names(it, "a"), end("{}")],
  }),
  "with an end and more": (it) => ({
    pieces: [...names(it, "a"), end("{}"), ...names(it, "b")],
  }),
  "with trailers of its own": (it) => ({
    pieces: [...names(it, "a"), end("a: b\r\n", 128)],
  }),
  "with an unknown flag": (it) => ({
    pieces: [...names(it, "a"), envelope(4, names(it, "b")[0] as Buffer)],
  }),
  "with a message that says compressed": (it) => ({
    pieces: [...names(it, "a"), envelope(1, payload(names(it, "b")))],
  }),
  "with some compressed messages": (it) => ({
    pieces: [
      ...names(it, "a"),
      envelope(1, gzipSync(payload(names(it, "b")))),
      ...names(it, "c"),
    ],
    more: [[it.encodingField, "gzip"]],
  }),
  "with a compressed message that is none": (it) => ({
    pieces: [...names(it, "a"), envelope(1, payload(names(it, "b")))],
    more: [[it.encodingField, "gzip"]],
  }),
  "with a message that is too large": (it) => ({
    pieces: names(it, "a", "x".repeat(LIMIT), "c"),
  }),
  "with a message that becomes too large": (it) => ({
    pieces: [
      ...names(it, "a"),
      envelope(1, gzipSync(payload(names(it, "x".repeat(LIMIT))))),
    ],
    more: [[it.encodingField, "gzip"]],
  }),
  "with a message announced too large": (it) => ({
    pieces: [...names(it, "a"), Buffer.of(0, 0, 1, 0, 0)],
  }),
  "that ends in a head": (it) => ({
    pieces: [...names(it, "a"), Buffer.of(0, 0, 0)],
  }),
  "that ends after a head": (it) => ({
    pieces: [...names(it, "a"), Buffer.of(0, 0, 0, 0, 9)],
  }),
  "with a broken message among others": (it) => ({
    pieces: [
      ...names(it, "a"),
      envelope(0, Buffer.of(0xff)),
      ...names(it, "b"),
    ],
  }),
  "in one piece": (it) => ({
    pieces: [Buffer.concat(names(it, "a", "b", "c"))],
  }),
  "in odd pieces": (it) => {
    const body = Buffer.concat(names(it, "a", "b", "c", "d"));
    const cuts = [0, 1, 4, 6, 17, 18, 30, body.length];
    const pieces = cuts.map((at, i) => body.subarray(at, cuts[i + 1]));
    return { pieces, slowly: true };
  },
  "of many messages": (it) => ({
    pieces: [Buffer.concat(names(it, ...Array<string>(500).fill("n")))],
  }),
  "that ends with an empty frame": (it) => ({
    ...{ pieces: names(it, "a"), end: "empty piece" },
  }),
  "that ends with trailers": (it) => ({
    ...{ pieces: names(it, "a"), end: "trailers" },
  }),
};

/** Of other kinds. */
const OTHERS: Record<string, Make> = {
  "a server's stream with half a second request": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "a"), countdown(it, "b").subarray(0, 4)],
  }),
  "a server's stream with an end of its own": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "a"), end("{}")],
  }),
  "a server's stream in slow bytes": (it) => ({
    path: PATHS.countdown,
    pieces: Array.from(countdown(it, "a"), (byte) => Buffer.of(byte)),
    slowly: true,
  }),
  "a server's stream for too large a request": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "x".repeat(LIMIT))],
  }),
  "a chat that ends in the middle": (it) => ({
    path: PATHS.chat,
    pieces: [Buffer.concat(lines(it, "a", "b")).subarray(0, -2)],
  }),
  "a chat with too large a line": (it) => ({
    path: PATHS.chat,
    pieces: lines(it, "a", "x".repeat(LIMIT)),
  }),
};

/** What a handler does with its messages, right and wrong. */
const READERS: Record<string, (it: Requests, notes: Notes) => unknown> = {
  "that reads nothing": () => ({ count: 1 }),
  "that reads one and stops": async (requests, notes) => {
    for await (const { name } of requests) {
      notes.add(name);
      break;
    }
    return { count: 1 };
  },
  "that reads on after it stopped": async (requests, notes) => {
    for await (const _ of requests) break;
    return { count: await listen(requests, notes) };
  },
  "that reads on after the end": async (requests, notes) => {
    await listen(requests, notes);
    const again = await requests[Symbol.asyncIterator]().next();
    notes.add(again.done);
    return { count: await listen(requests, notes) };
  },
  "that asks for two at once": async (requests, notes) => {
    const it = requests[Symbol.asyncIterator]();
    const [one, two] = await Promise.all([it.next(), it.next()]);
    notes.add(one.value?.name, two.value?.name);
    return {};
  },
  "that takes its time": async (requests, notes) => {
    for await (const { name } of requests) {
      notes.add(name);
      for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    }
    return {};
  },
  "that keeps messages": async (requests, notes) => {
    const kept: unknown[] = [];
    for await (const message of requests) kept.push(message);
    notes.add(kept.map((it) => ({ ...(it as object) })));
    return {};
  },
  "that answers with something else": () => ({ greeting: 5 }),
  "that answers with nothing": () => undefined,
  "that throws before it reads": () => {
    throw new Error("secret");
  },
};

compareSides("a stream", [
  ...STREAMS.flatMap((format) =>
    (format.protocol === "grpc" ? ([2] as const) : ([1, 2] as const)).flatMap(
      (http): Case[] => [
        ...Object.entries(BODIES).map(([what, make]) => ({
          name: `${what}, ${format.name} over HTTP/${http}`,
          behave: listening,
          run: alone(toRequest(format, make, http)),
        })),
        ...Object.entries(OTHERS)
          .filter(([what]) => http === 2 || !what.includes("chat"))
          .map(([what, make]) => ({
            name: `${what}, ${format.name} over HTTP/${http}`,
            behave: listening,
            run: alone(toRequest(format, make, http)),
          })),
      ],
    ),
  ),
  ...STREAMS.flatMap((format): Case[] =>
    Object.entries(READERS).map(([what, read]) => ({
      name: `and a handler ${what}, ${format.name}`,
      behave: (notes) => ({
        greeter: {
          helloAll: (requests) => read(requests, notes) as never,
        },
      }),
      request: toRequest(
        format,
        (it) => ({ path: PATHS.helloAll, pieces: names(it, "a", "b", "c") }),
        2,
      ),
    })),
  ),
]);

function alone(
  request: ReturnType<typeof toRequest>,
): NonNullable<Case["run"]> {
  const path = request.path || PATHS.helloAll;
  return async ({ side }) => {
    using line = await side.connect(request.http ?? 2);
    return await send(line, { ...request, path });
  };
}

function payload([first]: readonly Buffer[]): Buffer {
  return (first ?? Buffer.alloc(5)).subarray(5);
}
