/** Whether what was typed to find occurs in one of these words. */
export function isFound(find: string, words: readonly string[]): boolean {
  const wanted = find.trim().toLowerCase();
  return wanted === '' || words.some((word) => word.toLowerCase().includes(wanted));
}
