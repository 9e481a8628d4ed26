// What a row of a suite is: one question, measured on its own.

/** A measurement. `Files` are what its suite writes before the first one. */
export interface Row<Files> {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  /** Measure. Resolves with the figures as Markdown. */
  measure(settings: Settings<Files>): Promise<string>;
}

/** How much is measured. */
export interface Settings<Files> {
  /** Counted runs of each contestant. */
  readonly runs: number;
  /** Calls in one run of a fast contestant. */
  readonly calls: number;
  readonly files: Files;
}
