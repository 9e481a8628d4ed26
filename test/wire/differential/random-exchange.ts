// Random exchanges, of several kinds. A kind says who waits for whom; how much
// is sent and in which pieces, with which fields and codes is the seed's.

import type { Random } from "../../support/random.ts";
import type { Exchange, Step } from "./exchange.ts";
import { type Side, type Sizes, StepMaker } from "./step-maker.ts";

const KINDS = {
  plain,
  early,
  duplex,
  "client resets": clientResets,
  "server resets": serverResets,
  "answer and cut": answerAndCut,
  "abrupt client": abruptClient,
  "abrupt server": abruptServer,
};

/** Make one. `index` is part of its path. */
export function randomExchange(
  random: Random,
  index: number,
  sizes: Sizes,
): Exchange {
  const kind = random.pick([
    ...(["plain", "plain", "plain", "early", "early", "duplex"] as const),
    ...(["client resets", "server resets", "answer and cut"] as const),
    ...(["abrupt client", "abrupt server"] as const),
  ]);
  const path = `/${index}?q=${random.below(1_000)}`;
  const [client, server] = KINDS[kind](new StepMaker(random, sizes), path);
  const slowTurns = () => random.pick([0, 0, 0, 1, 3]);
  return {
    path,
    kind,
    client: { steps: client, slowTurns: slowTurns() },
    server: { steps: server, slowTurns: slowTurns() },
  };
}

/** The whole request, then the whole response. */
function plain(make: StepMaker, path: string): [Side, Side] {
  const isHead = make.random.chance(0.08);
  const client = make.request(path, isHead ? "HEAD" : undefined);
  return [client, make.response({ end: true }, isHead)];
}

/** The response does not wait for the request's end. */
function early(make: StepMaker, path: string): [Side, Side] {
  return [make.request(path), make.response({ headers: true })];
}

/** Both talk in turns. */
function duplex(make: StepMaker, path: string): [Side, Side] {
  const client = [make.open(path)];
  const server = [make.answer({ headers: true })];
  let clientBytes = 0;
  let serverBytes = 0;
  for (let i = make.random.below(6); i >= 0; i--) {
    const ask = make.write({ headers: true, bytes: serverBytes });
    clientBytes += sizeOf(ask);
    const reply = make.write({ bytes: clientBytes });
    serverBytes += sizeOf(reply);
    client.push(ask);
    server.push(reply);
  }
  client.push(make.end({ bytes: serverBytes }));
  server.push(make.end({ end: make.random.chance(0.5) }));
  return [client, server];
}

/** The client gives up in the middle of a response. */
function clientResets(make: StepMaker, path: string): [Side, Side] {
  const ask = make.write();
  const reply = make.write();
  const all = { headers: true, bytes: sizeOf(reply) };
  return [
    [make.open(path), ask, make.reset(all)],
    [make.answer({ bytes: sizeOf(ask) }), reply],
  ];
}

/** The server gives up, before or in the middle of a response. */
function serverResets(make: StepMaker, path: string): [Side, Side] {
  const ask = make.write();
  const before = { bytes: sizeOf(ask) };
  if (make.random.chance(0.5)) {
    return [[make.open(path), ask], [make.reset(before)]];
  }
  const reply = make.write();
  const signal = make.signal({ headers: true, bytes: sizeOf(reply) });
  return [
    [make.open(path), ask, signal],
    [make.answer(before), reply, make.reset({ bytes: sizeOf(ask) + 1 })],
  ];
}

/** RFC 9113, 8.1: a whole response, then a reset that only stops the request. */
function answerAndCut(make: StepMaker, path: string): [Side, Side] {
  const ask = make.write();
  const cut = { bytes: sizeOf(ask) + 1 };
  return [
    [make.open(path), ask, make.signal({ end: true })],
    [...make.response({ headers: true }), make.reset(cut, 0)],
  ];
}

/** The client gives up at once: how far the request gets is open. */
function abruptClient(make: StepMaker, path: string): [Side, Side] {
  const client = [make.open(path), make.write(), make.reset({})];
  return [client, make.response({ headers: true })];
}

/** The server gives up at once: how far the response gets is open. */
function abruptServer(make: StepMaker, path: string): [Side, Side] {
  const server = [make.answer({ headers: true }), make.write(), make.reset({})];
  return [[make.open(path), make.write()], server];
}

function sizeOf({ operation }: Step): number {
  return operation.kind === "write" ? operation.data.length : 0;
}
