// The few figures that measurements are told by.

/**
 * The value that a share of all values does not exceed: 0.5 for the median,
 * 0.99 for p99. NaN without values.
 */
export function quantile(values: readonly number[], ratio: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(ratio * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}

/** The middle one of several runs. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
