// One round: a connection between two engines, with random exchanges on it.

import type { Settings } from "node:http2";
import { Random } from "../../support/random.ts";
import { type Chopper, startChopper } from "./chopper.ts";
import { differences } from "./compare.ts";
import {
  type Exchange,
  expectationOf,
  isAbrupt,
  resetCodeOf,
  resets,
} from "./exchange.ts";
import { randomExchange } from "./random-exchange.ts";
import { Recorder } from "./recorder.ts";
import {
  type ClientSide,
  type Engine,
  passTurns,
  perform,
  type ServerSide,
  type SideOptions,
} from "./side.ts";

const MOST_BODY_BYTES = 300_000;

interface Running {
  readonly exchange: Exchange;
  readonly atClient: Recorder;
  readonly atServer: Recorder;
}

/**
 * Run the round that a seed makes. Resolves with what went wrong. `signal` ends
 * it when it takes too long, and says what it waited for.
 */
export async function runRound(
  seed: number,
  client: Engine,
  server: Engine,
  signal: AbortSignal,
): Promise<string[]> {
  const random = new Random(seed);
  const clientOptions = randomOptions(random);
  const serverOptions = randomOptions(random);
  const running = randomExchanges(random, [clientOptions, serverOptions]);
  const byPath = new Map(running.map((it) => [it.exchange.path, it]));
  const faults: string[] = [];
  await using serverSide = await server.startServer(serverOptions, (path) => {
    const found = byPath.get(path);
    if (found === undefined) throw new Error(`nobody asked for ${path}`);
    return { script: found.exchange.server, seen: found.atServer };
  });
  await using chopper = await maybeChop(random, serverSide.port);
  const port = chopper?.port ?? serverSide.port;
  await using clientSide = client.connect(port, clientOptions);
  const all = performAll(random, running, clientSide, serverSide, faults);
  await Promise.race([all, aborted(signal)]).catch((error) => {
    faults.push(`${error}`);
    const open = running.filter(isOpen).map(describe);
    faults.push(...open.slice(0, 5));
  });
  if (faults.length > 0) return faults;
  return running.flatMap((it) => check(it, client, server));
}

function randomExchanges(random: Random, sides: SideOptions[]): Running[] {
  // Small windows make many round trips of large bodies.
  const windows = sides.flatMap(({ settings, limits }) => [
    settings.initialWindowSize ?? 65_535,
    limits.streamWindowBytes ?? 65_535,
  ]);
  const bodyBytes = Math.min(MOST_BODY_BYTES, Math.min(...windows) * 100);
  return Array.from({ length: 1 + random.below(16) }, (_, i) => ({
    exchange: randomExchange(random, i, { bodyBytes }),
    atClient: new Recorder(),
    atServer: new Recorder(),
  }));
}

async function performAll(
  random: Random,
  running: readonly Running[],
  client: ClientSide,
  server: ServerSide,
  faults: string[],
): Promise<void> {
  // A client that does not wait may open more streams than it is allowed.
  await client.ready;
  const done: Promise<void>[] = [];
  for (const one of running) {
    done.push(performOne(one, client));
    await passTurns(random.pick([0, 0, 1, 10]));
    if (random.chance(0.1)) client.disturb(randomSettings(random));
    if (random.chance(0.1)) server.disturb(randomSettings(random));
  }
  await Promise.all(done);
  // A socket that is closed with something to read may lose what it sent.
  await client.settle();
  for (const { exchange, atServer } of running) {
    // Of a request that is reset at once the server may never have heard.
    if (!isAbrupt(exchange) || atServer.headers) await atServer.closed();
  }
  const codes = await Promise.all([client.close(), server.closed]);
  if (codes.some((code) => code !== 0)) {
    faults.push(`closed with ${codes.join(" and ")}, client and server`);
  }
}

async function performOne(one: Running, client: ClientSide): Promise<void> {
  const { exchange, atClient } = one;
  const { steps, slowTurns } = exchange.client;
  const operation = steps[0]?.operation;
  if (operation?.kind !== "headers") throw new Error("no request");
  const outgoing = await client.open(operation, slowTurns, atClient);
  await perform(exchange.client, atClient, outgoing, 1);
  await atClient.closed();
}

function check(
  { exchange, atClient, atServer }: Running,
  client: Engine,
  server: Engine,
): string[] {
  const code = resetCodeOf(exchange);
  const isCut = isAbrupt(exchange);
  const { kind, path } = exchange;
  const ofClient = differences(
    atServer,
    expectationOf(exchange.client, code, isCut),
    client.endsBeforeReset && resets(exchange.client),
  );
  const ofServer = differences(
    atClient,
    expectationOf(exchange.server, code, isCut),
    server.endsBeforeReset && resets(exchange.server),
  );
  return [
    ...ofClient.map((it) => `${kind}, ${path}, at the server: ${it}`),
    ...ofServer.map((it) => `${kind}, ${path}, at the client: ${it}`),
  ];
}

function isOpen({ atClient, atServer }: Running): boolean {
  return !atClient.isClosed || !atServer.isClosed;
}

function describe({ exchange, atClient, atServer }: Running): string {
  const { kind, path } = exchange;
  const seen = [
    `client: ${atClient.describe()}`,
    `server: ${atServer.describe()}`,
  ];
  return `open: ${kind}, ${path}: ${seen.join("; ")}`;
}

async function maybeChop(
  random: Random,
  port: number,
): Promise<Chopper | undefined> {
  const own = new Random(random.below(1_000_000));
  return random.chance(0.3) ? startChopper(port, own) : undefined;
}

function randomOptions(random: Random): SideOptions {
  const window = random.pick([65_535, 65_535, 1_000, 16_384, 1_000_000, 300]);
  return {
    settings: { ...randomSettings(random), initialWindowSize: window },
    paddingStrategy: random.pick([0, 0, 1, 2]),
    limits: {
      streamWindowBytes: window,
      connectionWindowBytes: random.pick([65_535, 1 << 20]),
      encoderTableBytes: random.pick([4_096, 0, 200]),
      // Not of node:http2, which counts streams that have ended, too.
      maxConcurrentStreams: random.pick([100, 100, 3]),
      // A window of 300 bytes makes frames that are as small.
      smallDataBudgetBytes: Number.POSITIVE_INFINITY,
      maxEmptyDataFrames: 1_000,
    },
  };
}

function randomSettings(random: Random): Settings {
  return {
    initialWindowSize: random.pick([1_000, 30_000, 65_535, 200_000]),
    headerTableSize: random.pick([4_096, 0, 100, 8_192]),
    maxHeaderListSize: 65_535,
    maxFrameSize: random.pick([16_384, 16_384, 60_000]),
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("took too long")));
  });
}
