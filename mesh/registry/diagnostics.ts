// What the registry tells about itself. It logs nothing: it publishes to the
// channels of node:diagnostics_channel below, and whoever wants logs, metrics
// or a dashboard subscribes.

import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Instance } from "../../core/index.ts";
import type { RegistrationState, Snapshot } from "./registry.ts";

/**
 * A channel of node:diagnostics_channel whose messages have a type.
 */
export interface Topic<T> {
  /** The name of the channel. */
  readonly name: string;
  /** Tell everybody who listens now. What a listener throws is uncaught. */
  publish(message: T): void;
  /** Listen. Returns a function that ends it. */
  subscribe(listener: (message: T) => void): () => void;
}

/**
 * A registration went from one state to another.
 */
export interface RegistrationChange {
  readonly instance: Instance;
  readonly from: RegistrationState;
  readonly to: RegistrationState;
  /** Why, if it was not asked for: the lease ended, the id is taken. */
  readonly reason?: Error;
}

/**
 * A directory heard the registry, or no longer hears it.
 */
export interface FreshnessChange {
  readonly from: Snapshot["freshness"];
  readonly to: Snapshot["freshness"];
  /** Why the registry can't be heard. */
  readonly reason?: Error;
}

/**
 * A value under our prefix that is no instance record. Reported once for each
 * time it was written.
 */
export interface SkippedRecord {
  readonly key: string;
  readonly reason: Error;
}

/**
 * The registry does not do what it was asked for. Reported once for each row
 * of failures; it is tried on and on.
 */
export interface RegistryFailure {
  /** Who asked. */
  readonly role: "registrar" | "directory";
  /** The addresses that are tried in turn, each "host:port". */
  readonly hosts: readonly string[];
  readonly reason: Error;
}

/**
 * The file that keeps the last snapshot can't be read, or not be written. It is
 * done without.
 */
export interface CacheFailure {
  readonly file: string;
  readonly during: "read" | "write";
  readonly reason: Error;
}

/** State changes of registrations. */
export const registrationChanges = createTopic<RegistrationChange>(
  "portolan:registry:registration",
);

/** Freshness changes of directories. */
export const freshnessChanges = createTopic<FreshnessChange>(
  "portolan:registry:freshness",
);

/** Values that no directory can read. */
export const skippedRecords = createTopic<SkippedRecord>(
  "portolan:registry:skipped",
);

/** Failures that are being retried. */
export const registryFailures = createTopic<RegistryFailure>(
  "portolan:registry:failure",
);

/** Trouble with the file that keeps the last snapshot. */
export const cacheFailures = createTopic<CacheFailure>(
  "portolan:registry:cache",
);

function createTopic<T>(name: string): Topic<T> {
  const messages = channel(name);
  return {
    name,
    publish: (message) => messages.publish(message),
    subscribe(listener) {
      // Only publish() above writes to this name: the type holds.
      const onMessage = (message: unknown) => listener(message as T);
      subscribe(name, onMessage);
      return () => unsubscribe(name, onMessage);
    },
  };
}
