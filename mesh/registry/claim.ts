// One registration, from what its owner wants to what the registry has.
//
// The owner sets the goal (be live, be draining, be gone); the registrar works
// towards it and says when it is reached, or that what was reached got lost.
// This file knows no store: the states and their order are all there is here.

import { randomBytes } from "node:crypto";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import {
  createInstance,
  type Instance,
  PortolanError,
  State,
} from "../../core/index.ts";
import { createDepartureBudget, type DepartureBudget } from "./departure.ts";
import { registrationChanges } from "./diagnostics.ts";
import { instanceKey } from "./record.ts";
import type { Registration, RegistrationState } from "./registry.ts";

// As many as a UUID has: nobody else will ever draw the same.
const NONCE_BYTES = 16;

/**
 * What the owner of a claim wants.
 */
export interface Goal {
  readonly state: "live" | "draining" | "gone";
  /** What is to stand in the registry; undefined for nothing. */
  readonly record: Instance | undefined;
  /** Settles when the registry has it, or when it is wanted no more. */
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Options for a Claim.
 */
export interface ClaimOptions {
  /** What the key begins with. Defaults to "/portolan". */
  readonly namespace?: string;
  /** Bounds how long drain() and close() wait. Defaults to a budget of its own. */
  readonly departure?: DepartureBudget;
}

/**
 * A registration as its registrar sees it.
 */
export class Claim implements Registration {
  readonly instance: Instance;
  readonly key: string;
  readonly #registered = Promise.withResolvers<void>();
  readonly #onGoal: (claim: Claim) => void;
  readonly #departure: DepartureBudget;
  #state: RegistrationState = "pending";
  #goal: Goal;
  #reached: Goal | undefined;

  /**
   * Throws ERR_USAGE if the record can't be registered. `onGoal` is called
   * whenever the owner wants something else than before.
   */
  constructor(
    instance: Instance,
    onGoal: (claim: Claim) => void,
    options: ClaimOptions = {},
  ) {
    this.key = instanceKey(instance, options.namespace);
    this.instance = markAsOwn(instance);
    this.#onGoal = onGoal;
    this.#departure = options.departure ?? createDepartureBudget();
    this.#goal = createGoal("live", this.instance);
    // Whoever does not await it must not crash by it.
    this.#registered.promise.catch(() => {});
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  get goal(): Goal {
    return this.#goal;
  }

  /** Whether the registry lacks what the owner wants. */
  get unsettled(): boolean {
    return this.#goal !== this.#reached;
  }

  async drain(): Promise<void> {
    this.#aim("draining");
    await this.#departure.waitForDrain(this.#goal.done.promise);
  }

  async close(): Promise<void> {
    if (this.#state === "gone") return;
    this.#aim("gone");
    await this.#departure.waitForEnd(this.#goal.done.promise);
    this.#moveTo("gone");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The registry has what `goal` says. */
  reach(goal: Goal, reason?: Error): void {
    this.#reached = goal;
    goal.done.resolve();
    this.#moveTo(goal.state, reason);
  }

  /** The registry does not have it any more. */
  lose(reason: Error): void {
    this.#reached = undefined;
    if (this.#state !== "pending") this.#moveTo("lost", reason);
  }

  /** Nobody knows whether the registry has it still. */
  doubt(reason: Error): void {
    if (this.#state === "live") this.#moveTo("unsure", reason);
  }

  /** The registry has it still. */
  confirm(): void {
    if (this.#state === "unsure") this.#moveTo("live");
  }

  /** The registry won't have it, ever. */
  refuse(reason: Error): void {
    this.#goal.done.resolve();
    this.#registered.reject(reason);
    this.#goal = createGoal("gone", this.instance);
    this.reach(this.#goal, reason);
  }

  #aim(state: Goal["state"]): void {
    const before = this.#goal;
    if (before.state === "gone" || before.state === state) return;
    this.#goal = createGoal(state, this.instance);
    before.done.resolve();
    this.#onGoal(this);
  }

  // The one place where the state changes. Nothing comes after "gone".
  #moveTo(to: RegistrationState, reason?: Error): void {
    const from = this.#state;
    if (from === to || from === "gone") return;
    this.#state = to;
    if (to !== "gone") this.#registered.resolve();
    else this.#registered.reject(closedBefore(this.key));
    const change = { instance: this.instance, from, to };
    registrationChanges.publish(reason ? { ...change, reason } : change);
  }
}

// The nonce is new for each registration, whatever the caller's record says.
function markAsOwn(instance: Instance): Instance {
  return createInstance({
    ...instance,
    nonce: randomBytes(NONCE_BYTES).toString("base64url"),
    startedAt: instance.startedAt ?? timestampNow(),
  });
}

function createGoal(state: Goal["state"], instance: Instance): Goal {
  const done = Promise.withResolvers<void>();
  switch (state) {
    case "live":
      return { state, done, record: instance };
    case "draining": {
      const record = createInstance({ ...instance, state: State.DRAINING });
      return { state, done, record };
    }
    case "gone":
      return { state, done, record: undefined };
  }
}

function closedBefore(key: string): PortolanError {
  return new PortolanError(
    "ERR_CLOSED",
    `The registration of ${key} ended before it was made.`,
  );
}
