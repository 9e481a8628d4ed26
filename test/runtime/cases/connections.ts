// Several calls on one connection: one after the other, at once, pipelined.

import {
  type Bench,
  type Case,
  compareSides,
  helloThat,
  send,
} from "../support/compare.ts";
import { FORMATS, type Format, hello, helloBody } from "../support/formats.ts";
import { toPlain } from "../support/request.ts";

const overHttp1 = FORMATS.filter(({ protocol }) => protocol !== "grpc");

const echo = helloThat((_context, _notes, name) => ({ greeting: name }));

/** Answers "first" only after "last" has come. */
const reversed: Case["behave"] = (notes) => {
  const lastCame = Promise.withResolvers<void>();
  return helloThat(async (_context, _notes, name) => {
    if (name === "first") await lastCame.promise;
    else lastCame.resolve();
    return { greeting: name };
  })(notes);
};

const to = (format: Format, name: string, http: 1 | 2) =>
  hello(format, [], { http, pieces: [helloBody(format, name)] });

compareSides("calls on one connection", [
  ...([1, 2] as const).flatMap((http): Case[] => {
    const formats = http === 1 ? overHttp1 : FORMATS;
    const requests = Array.from({ length: 4 }, (_, i) =>
      formats.map((format) => to(format, `${format.name} ${i}`, http)),
    ).flat();
    return [
      {
        name: `one after the other in all formats, over HTTP/${http}`,
        behave: echo,
        run: ({ side }) => inTurn({ side }, requests),
      },
      {
        name: `at once in all formats, over HTTP/${http}`,
        behave: echo,
        run: ({ side }) => atOnce({ side }, requests),
      },
    ];
  }),
  ...FORMATS.map(
    (format): Case => ({
      name: `of which the first is answered last, ${format.name}`,
      behave: reversed,
      run: (bench) =>
        atOnce(bench, [to(format, "first", 2), to(format, "last", 2)]),
    }),
  ),
  ...overHttp1.flatMap((format): Case[] => [
    {
      name: `with a length, ${format.name}`,
      behave: echo,
      run: (bench) =>
        inTurn(bench, [
          { ...to(format, "one", 1), whole: true },
          to(format, "two", 1),
          { ...to(format, "three", 1), whole: true, slowly: true },
        ]),
    },
    {
      name: `of which one fails, ${format.name}`,
      behave: helloThat((_context, _notes, name) => {
        if (name === "two") throw new Error("no");
        return { greeting: name };
      }),
      run: (bench) =>
        atOnce(
          bench,
          ["one", "two", "three"].map((it) => to(format, it, 1)),
        ),
    },
    {
      name: `of which the first is the last, ${format.name}`,
      behave: echo,
      run: (bench) =>
        inTurn(bench, [
          hello(format, [["connection", "close"]], { http: 1, whole: true }),
        ]),
    },
    {
      name: `that ask for leave to send, ${format.name}`,
      behave: echo,
      run: (bench) =>
        inTurn(bench, [
          hello(format, [["expect", "100-continue"]], { http: 1 }),
          hello(format, [], { http: 1 }),
        ]),
    },
    {
      name: `that name their fields in capitals, ${format.name}`,
      behave: echo,
      run: (bench) =>
        inTurn(bench, [
          {
            ...hello(format, [["X-One", "1"]], { http: 1 }),
            fields: [["CONTENT-TYPE", format.contentType]],
          },
        ]),
    },
  ]),
]);

async function inTurn(
  { side }: Pick<Bench, "side">,
  requests: readonly ReturnType<typeof hello>[],
): Promise<unknown> {
  using line = await side.connect(requests[0]?.http ?? 2);
  const answers: unknown[] = [];
  for (const request of requests) answers.push(await send(line, request));
  return answers;
}

async function atOnce(
  { side }: Pick<Bench, "side">,
  requests: readonly ReturnType<typeof hello>[],
): Promise<unknown> {
  using line = await side.connect(requests[0]?.http ?? 2);
  const outcomes = requests.map((request) => line.start(request).outcome);
  return (await Promise.all(outcomes)).map(toPlain);
}
