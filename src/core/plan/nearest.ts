/** The edit distance that counts a swap of neighbours as one edit (optimal string alignment). */
function distance(a: string, b: string): number {
  const table = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (i: number, j: number): number => table[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    table.push(row);
    for (let j = 1; j <= b.length; j++) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, exchanged, swapped ? at(i - 2, j - 2) + 1 : Infinity));
    }
  }
  return at(a.length, b.length);
}

const normal = (word: string): string => word.slice(0, 60).toLowerCase().replaceAll('-', '_');

/** The word that was probably meant; undefined if none is close enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const near = known.flatMap((candidate) => {
    const most = Math.max(1, Math.floor(candidate.length / 3));
    if (Math.abs(word.length - candidate.length) > most) return [];
    const far = distance(normal(word), normal(candidate));
    return far <= most ? [{ candidate, far }] : [];
  });
  const best = near.toSorted((a, b) => a.far - b.far)[0];
  if (best !== undefined) return best.candidate;
  return known.find((candidate) => word.length >= 4 && normal(candidate).startsWith(normal(word)));
}
