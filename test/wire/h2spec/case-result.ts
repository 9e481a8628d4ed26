// What h2spec and h2specd say of one of their cases.

/**
 * The outcome of one case.
 */
export interface CaseResult {
  /** Section, number and title: "http2/5.1/1: idle: Sends a DATA frame". */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** What was expected, and what came instead. */
  readonly detail: string;
}
