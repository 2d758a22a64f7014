const furthest = 3;

/** ` Did you mean …?`, naming what is nearest to a word that was not found; empty where nothing is near. */
export function suggest(word: string, known: Iterable<string>): string {
  const ranked = [...known]
    .map(candidate => ({ candidate, distance: distanceBetween(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(furthest, Math.floor(candidate.length / 2)))
    .toSorted((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const best = ranked.filter(({ distance }) => distance === ranked[0]?.distance).map(({ candidate }) => candidate);
  return best.length === 0 ? '' : ` Did you mean ${best.slice(0, 3).join(' or ')}?`;
}

/** How many insertions, deletions and substitutions turn one word into the other. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
