// Calls with streams: each kind, in each protocol.

import { gzipSync } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { envelope } from "../../support/raw-rpc.ts";
import {
  type Bench,
  type Case,
  compareSides,
  send,
} from "../support/compare.ts";
import type { Format } from "../support/formats.ts";
import {
  abortOf,
  type Notes,
  plainHeaders,
  plainSignal,
} from "../support/notes.ts";
import { type Behaviour, PATHS } from "../support/sides.ts";
import {
  countdown,
  lines,
  type Make,
  names,
  STREAMS,
  toRequest,
} from "../support/stream-formats.ts";

const no = () => new ConnectError("no", Code.NotFound, { "x-meta": "1" });

function behave(notes: Notes): Behaviour {
  return {
    greeter: {
      async *countdown({ name, from }, context) {
        notes.add(name, from, plainHeaders(context.requestHeader));
        context.responseHeader.set("x-header", "1");
        context.responseTrailer.set("x-trailer", "1");
        if (name === "fails at once") throw no();
        if (name === "waits") {
          yield { line: "waiting" };
          notes.add("waiting");
          await abortOf(context.signal);
          notes.add(plainSignal(context.signal));
          throw context.signal.reason;
        }
        for (let i = from; i > 0; i--) yield { line: `${i}` };
        if (name === "fails") throw no();
        if (name === "breaks") throw new Error("secret");
        if (name === "is wrong") yield { line: 5 as never };
        if (name === "is long") yield { line: "x".repeat(3_000) };
      },
      async helloAll(requests) {
        const names: string[] = [];
        for await (const { name } of requests) {
          notes.add(name);
          if (name === "fails") throw no();
          if (name === "enough") break;
          names.push(name);
        }
        return { greeting: names.join(), count: names.length };
      },
      async *chat(requests) {
        for await (const { line } of requests) {
          notes.add(line);
          if (line === "fails") throw no();
          yield { line: `you said ${line}` };
          if (line === "enough") return;
        }
      },
    },
  };
}

const CALLS: Record<string, Make> = {
  ...Object.fromEntries(
    [
      ...["john", "fails", "fails at once", "breaks", "is wrong", "is long"],
    ].map((name): [string, Make] => [
      `a server's stream for one who ${name}`,
      (it) => ({ path: PATHS.countdown, pieces: [countdown(it, name)] }),
    ]),
  ),
  "a server's stream without messages": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "john", 0)],
  }),
  "a server's stream without a request": () => ({ path: PATHS.countdown }),
  "a server's stream with two requests": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "one"), countdown(it, "two")],
  }),
  "a server's stream with a broken request": () => ({
    path: PATHS.countdown,
    pieces: [envelope(0, Buffer.of(1, 2))],
  }),
  "a server's stream with a deadline": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "waits")],
    more: [[it.timeoutField, it.protocol === "connect" ? "20" : "20m"]],
  }),
  "a server's stream with a broken time-out": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "john")],
    more: [[it.timeoutField, "x"]],
  }),
  "a server's stream that may be compressed": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "is long")],
    more: [[it.acceptField, "gzip"]],
  }),
  "a server's stream for a compressed request": (it) => ({
    path: PATHS.countdown,
    pieces: [envelope(1, gzipSync(countdown(it, "john").subarray(5)))],
    more: [[it.encodingField, "gzip"]],
  }),
  "a server's stream in an unknown encoding": (it) => ({
    path: PATHS.countdown,
    pieces: [countdown(it, "john")],
    more: [[it.encodingField, "x"]],
  }),
  "a client's stream": (it) => ({
    path: PATHS.helloAll,
    pieces: names(it, "a", "b", "c"),
  }),
  "a client's stream, byte by byte": (it) => ({
    path: PATHS.helloAll,
    pieces: Array.from(Buffer.concat(names(it, "a", "b")), (b) => Buffer.of(b)),
    slowly: true,
  }),
  "a client's stream without messages": () => ({ path: PATHS.helloAll }),
  "a client's stream that fails": (it) => ({
    path: PATHS.helloAll,
    pieces: names(it, "a", "fails", "c"),
  }),
  "a client's stream of which some is enough": (it) => ({
    path: PATHS.helloAll,
    pieces: names(it, "a", "enough", "c"),
  }),
  "a client's stream that is cut": (it) => ({
    path: PATHS.helloAll,
    pieces: [Buffer.concat(names(it, "a", "b")).subarray(0, -1)],
  }),
  "a client's stream with a broken message": (it) => ({
    path: PATHS.helloAll,
    pieces: [...names(it, "a"), envelope(0, Buffer.of(1, 2))],
  }),
};

/** HTTP/1.1 can't carry these. */
const CHATS: Record<string, Make> = {
  "a chat": (it) => ({ path: PATHS.chat, pieces: lines(it, "a", "b", "c") }),
  "a chat without a word": () => ({ path: PATHS.chat }),
  "a chat that fails": (it) => ({
    path: PATHS.chat,
    pieces: lines(it, "a", "fails", "c"),
  }),
  "a chat of which some is enough": (it) => ({
    path: PATHS.chat,
    pieces: lines(it, "a", "enough", "c"),
  }),
};

compareSides("a call with streams", [
  ...STREAMS.flatMap((format) =>
    (format.protocol === "grpc" ? ([2] as const) : ([1, 2] as const)).flatMap(
      (http): Case[] =>
        Object.entries({ ...CALLS, ...(http === 2 && CHATS) }).map(
          ([what, make]) => ({
            name: `${what}, ${format.name} over HTTP/${http}`,
            behave,
            request: toRequest(format, make, http),
          }),
        ),
    ),
  ),
  ...STREAMS.flatMap((format): Case[] => [
    {
      name: `a chat word by word, ${format.name}`,
      behave,
      run: (bench) => talk(bench, format),
    },
    {
      name: `a server's stream that is cancelled, ${format.name}`,
      behave,
      async run({ side, notes }) {
        using line = await side.connect(2);
        const call = line.start(toRequest(format, CALLS_THAT_WAIT, 2));
        await call.received(10);
        await notes.count(4);
        call.cancel();
        await notes.count(5);
      },
    },
    {
      name: `an interceptor around streams, ${format.name}`,
      behave: intercepted,
      async run({ side }) {
        using line = await side.connect(2);
        const one = CALLS["a server's stream for one who john"] as Make;
        const two = CALLS["a client's stream"] as Make;
        const first = await send(line, toRequest(format, one, 2));
        return [first, await send(line, toRequest(format, two, 2))];
      },
    },
  ]),
]);

const CALLS_THAT_WAIT: Make = (it) => ({
  path: PATHS.countdown,
  pieces: [countdown(it, "waits")],
});

function intercepted(notes: Notes): Behaviour {
  return {
    ...behave(notes),
    interceptors: [
      (next) => async (request) => {
        notes.add(request.stream, request.method.name);
        request.header.set("x-one", "1");
        const response = await next(request);
        notes.add(response.stream);
        response.header.set("x-intercepted", "1");
        response.trailer.set("x-intercepted-trailer", "1");
        return response;
      },
    ],
  };
}

async function talk({ side }: Bench, format: Format): Promise<unknown> {
  using line = await side.connect(2);
  const [first, second] = lines(format, "a", "b");
  const request = toRequest(format, () => ({ path: PATHS.chat }), 2);
  const call = line.start({ ...request, end: "never" });
  const heard: string[] = [];
  for (const word of [first, second]) {
    if (word !== undefined) call.write(word);
    const whole = lines(format, "you said a")[0]?.length ?? 0;
    const body = await call.received(whole * (heard.length + 1));
    heard.push(body.toString("latin1"));
  }
  call.end();
  const { trailers, end, body } = await call.outcome;
  return { heard, trailers, end, body: body.toString("latin1") };
}
