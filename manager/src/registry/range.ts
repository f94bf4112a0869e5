export type Slice = { readonly start: number; readonly length: number };

/** What a Range header (RFC 9110, section 14) asks of `sizeBytes`; undefined means the whole. One range is served, several are the whole. */
export function sliceOf(header: string | undefined, sizeBytes: number): Slice | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (start >= sizeBytes || end < start) return 'unsatisfiable';
  return { start, length: end - start + 1 };
}

/** First and last byte of a chunk: `Content-Range: 0-99` as the distribution-spec has it, with or without `bytes` and a total. */
export function chunkOf(header: string): Slice | undefined {
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) return undefined;
  return { start: Number(first), length: Number(last) - Number(first) + 1 };
}
