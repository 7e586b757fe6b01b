/**
 * The key that another one is a misspelling of: other case, `-` for `_`, camelCase, the words in another order, or
 * few letters off.
 */
export function findNearKey(key: string, keys: Iterable<string>): string | undefined {
  const words = wordsOf(key);
  for (const candidate of keys) {
    if (wordsOf(candidate).toSorted().join() === words.toSorted().join()) return candidate;
    if (candidate.replaceAll('_', '') === words.join('')) return candidate;
  }
  const name = words.join('_');
  let near: { candidate: string; distance: number } | undefined;
  for (const candidate of keys) {
    const distance = editDistance(name, candidate);
    const allowed = candidate.length <= 4 ? 1 : 2;
    if (distance <= allowed && distance < (near?.distance ?? Infinity)) near = { candidate, distance };
  }
  return near?.candidate;
}

function wordsOf(key: string): string[] {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[-_\s]+/)
    .filter((word) => word !== '');
}

/** Damerau-Levenshtein, with transpositions of neighbours; far apart is far apart, whatever the number. */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
