/** The known word that was most likely meant; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(word.length / 3));
  const near = [...new Set(known)]
    .filter((one) => one !== word)
    .map((one) => ({ one, far: one.toLowerCase().startsWith(word.toLowerCase()) && word !== '' ? 1 : distance(word.toLowerCase(), one.toLowerCase()) }))
    .filter(({ far }) => far <= most);
  return near.toSorted((a, b) => a.far - b.far || a.one.localeCompare(b.one))[0]?.one;
}

/** How many letters have to be put in, taken out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
