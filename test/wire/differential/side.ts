// What both engines look like to a script, and how one is performed.

import type { Settings } from "node:http2";
import { setImmediate } from "node:timers/promises";
import type { Limits } from "../../../wire/index.ts";
import type { Field, Operation, Script } from "./exchange.ts";
import type { Recorder } from "./recorder.ts";

/** One side of a stream, to be written to. */
export interface Outgoing {
  inform(fields: readonly Field[]): void;
  respond(fields: readonly Field[], end: boolean, withTrailers: boolean): void;
  /** Resolves when the data has left, or never will. */
  write(data: Buffer, end: boolean): Promise<void>;
  end(trailers: readonly Field[] | undefined): void;
  reset(code: number): void;
}

/** What a server does with a request, by its `:path`. */
export type FindScript = (path: string) => { script: Script; seen: Recorder };

/** How a connection is set up. Each engine takes from it what it has. */
export interface SideOptions {
  /** For node:http2, which can pad, too: its constants PADDING_STRATEGY_*. */
  readonly settings: Settings;
  readonly paddingStrategy: number;
  /** For our engine. */
  readonly limits: Partial<Limits>;
}

/** A server that performs scripts. Takes one connection. */
export interface ServerSide extends AsyncDisposable {
  readonly port: number;
  /** Do something on the connection that changes nothing for its streams. */
  disturb(settings: Settings): void;
  /** Resolves when the connection is closed, with its error code. */
  readonly closed: Promise<number>;
}

/** A client on one connection. */
export interface ClientSide extends AsyncDisposable {
  /** Wait for the server's SETTINGS. */
  readonly ready: Promise<void>;
  /** Send a request's header block; `operation` is the script's first. */
  open(
    operation: Operation & { readonly kind: "headers" },
    slowTurns: number,
    seen: Recorder,
  ): Promise<Outgoing>;
  disturb(settings: Settings): void;
  /** Wait until the server has read all that was sent. */
  settle(): Promise<void>;
  /** Close the connection, which has no streams any more. */
  close(): Promise<number>;
}

/** An engine in both roles. */
export interface Engine {
  startServer(options: SideOptions, find: FindScript): Promise<ServerSide>;
  connect(port: number, options: SideOptions): ClientSide;
  /** Says END_STREAM before it resets, so that the peer may take it for all. */
  readonly endsBeforeReset: boolean;
}

/** Do what a script says, from its step `first` on. */
export async function perform(
  { steps }: Script,
  seen: Recorder,
  out: Outgoing,
  first = 0,
): Promise<void> {
  for (const { after, turns, operation } of steps.slice(first)) {
    await seen.seen(after);
    await passTurns(turns);
    if (seen.isClosed) return;
    await performOne(operation, out);
  }
}

async function performOne(operation: Operation, out: Outgoing): Promise<void> {
  switch (operation.kind) {
    case "inform":
      return out.inform(operation.fields);
    case "headers":
      return out.respond(
        operation.fields,
        operation.end,
        operation.withTrailers,
      );
    case "write": {
      const left = out.write(operation.data, operation.end);
      if (operation.isPaced) await left;
      return;
    }
    case "end":
      return out.end(operation.trailers);
    case "reset":
      return out.reset(operation.code);
  }
}

/** Let the event loop turn so many times. */
export async function passTurns(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await setImmediate();
}
