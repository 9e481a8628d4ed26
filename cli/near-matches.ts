// Finds what somebody may have meant by a name that does not exist.

/**
 * The names that are most like `wanted`, the most like first, at most three:
 * those that contain it or are contained in it, and those a few typing errors
 * away. Case does not count.
 */
export function findNearMatches(
  wanted: string,
  names: Iterable<string>,
): string[] {
  const lower = wanted.toLowerCase();
  // One error in three letters is a typing error; more is another word.
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((name) => ({ name, distance: distanceOf(lower, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

function distanceOf(wanted: string, name: string): number {
  const related = name.includes(wanted) || wanted.includes(name);
  return related ? 0 : editDistance(wanted, name);
}

// Levenshtein's distance, row by row.
// https://en.wikipedia.org/wiki/Levenshtein_distance
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const added = (next[j] ?? 0) + 1;
      const removed = (row[j + 1] ?? 0) + 1;
      next.push(Math.min(replaced, added, removed));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
