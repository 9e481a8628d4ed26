// What a row of the suite is: one question, measured on its own.

import type { Files } from "../peers.ts";

/** A measurement. */
export interface Row {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  /** Measure. Resolves with the figures as Markdown. */
  measure(settings: Settings): Promise<string>;
}

/** How much is measured. */
export interface Settings {
  /** Counted runs of each contestant. */
  readonly runs: number;
  /** Calls in one run of a fast contestant. */
  readonly calls: number;
  readonly files: Files;
}
