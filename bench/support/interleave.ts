// Repeats measurements of several things in turns: A B C A B C. What else
// happens on the machine meanwhile then happens to all of them.

/** Measure each of `subjects` `runs` times. The results are in their order. */
export async function interleave<Subject, Result>(
  subjects: readonly Subject[],
  runs: number,
  measure: (subject: Subject) => Promise<Result>,
): Promise<Result[][]> {
  const results: Result[][] = subjects.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (const [i, subject] of subjects.entries()) {
      results[i]?.push(await measure(subject));
    }
  }
  return results;
}
