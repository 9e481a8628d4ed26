// A server under attack, from the attacker's side: starts it as a process, and
// asks it what it has counted and what it holds in memory.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ErrorCode, type Limits } from "../../../wire/index.ts";
import { killAtExit } from "../../support/at-exit.ts";

/** How long an answer of the server's process may take, in milliseconds. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * What the server's paths do:
 *
 * - `/ok` answers at once
 * - `/sink` answers when it has taken the whole body
 * - `/bytes/<n>` answers with so many bytes, as fast as they leave
 * - `/hold` never answers, and takes nothing of the body
 * - `/held` the same, and its work goes on after a reset until release()
 */
export type Route = "/ok" | "/sink" | "/hold" | "/held" | `/bytes/${number}`;

/** How the server differs from one with the edge preset. */
export interface VictimOptions {
  readonly limits?: Partial<Limits>;
  /** Use createListener(), and not connections on a net.Server. */
  readonly listener?: true;
}

/** What the server has counted. */
export interface Counts {
  connections: number;
  openConnections: number;
  /**
   * Requests, and the streams of those that are open; without those of `/ok`,
   * which the peaceful client makes all the time.
   */
  requests: number;
  openStreams: number;
  /** Streams whose work goes on whatever the peer says. */
  held: number;
  bodyBytes: number;
  endedBodies: number;
  /** How connections ended, in their order. */
  goodbyes: { code: number; reason: string }[];
  closedBy: Record<string, number>;
}

/** What can be asked. */
export type Ask =
  | { readonly kind: "counts" | "memory" }
  | { readonly kind: "release"; readonly count: number }
  | {
      readonly kind: "until";
      readonly what: "openConnections" | "openStreams" | "requests" | "held";
      readonly value: number;
    };

/** A question with a number for its answer. */
export interface Question {
  readonly id: number;
  readonly ask: Ask;
}

/** The server's process. */
export class Victim implements AsyncDisposable {
  port = 0;
  readonly #child;
  readonly #pending = new Map<number, (answer: unknown) => void>();
  #lastId = 0;

  constructor(options: VictimOptions) {
    const program = fileURLToPath(
      new URL("victim-program.ts", import.meta.url),
    );
    this.#child = fork(program, [JSON.stringify(options)], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    killAtExit(this.#child);
    this.#child.on("message", (message) => {
      const { id, answer } = message as { id: number; answer: unknown };
      this.#pending.get(id)?.(answer);
      this.#pending.delete(id);
    });
  }

  /** Wait until it listens. */
  async start(): Promise<void> {
    this.port = (await this.#answer(0, "listening")) as number;
  }

  /** What it has counted so far. */
  async counts(): Promise<Counts> {
    return (await this.#ask({ kind: "counts" })) as Counts;
  }

  /** What it holds in memory once all garbage is gone, in bytes. */
  async memoryBytes(): Promise<number> {
    return (await this.#ask({ kind: "memory" })) as number;
  }

  /** Let the work of so many `/held` streams end. */
  async release(count: number): Promise<void> {
    await this.#ask({ kind: "release", count });
  }

  /** Wait until it counts exactly so many. */
  async until(
    what: (Ask & { kind: "until" })["what"],
    value: number,
  ): Promise<Counts> {
    return (await this.#ask({ kind: "until", what, value })) as Counts;
  }

  /**
   * Wait until all connections but the peaceful client's are gone, and expect
   * that the last one was ended by this limit.
   */
  async endedBy(limit: keyof Limits): Promise<void> {
    const { goodbyes } = await this.until("openConnections", 1);
    const { code, reason } = goodbyes.at(-1) ?? {};
    assert.equal(code, ErrorCode.enhanceYourCalm);
    assert.match(reason ?? "", new RegExp(`\\(${limit}\\)$`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  #ask(ask: Ask): Promise<unknown> {
    const id = ++this.#lastId;
    this.#child.send({ id, ask } satisfies Question);
    return this.#answer(id, JSON.stringify(ask));
  }

  async #answer(id: number, what: string): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    const fail = (why: string) =>
      answer.reject(new Error(`the victim ${why}, asked for ${what}`));
    const onExit = (code: number | null) => fail(`exited with ${code}`);
    const limit = setTimeout(() => fail("is silent"), ANSWER_LIMIT_MS);
    this.#pending.set(id, answer.resolve);
    this.#child.once("exit", onExit);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(limit);
      this.#child.off("exit", onExit);
    }
  }
}
