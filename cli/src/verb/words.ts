import { InvalidArgumentError } from 'commander';

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is expected');
  return value;
}

export function notNegative(text: string): number {
  return text === '0' ? 0 : positive(text);
}

/** `key=value` words as an object. */
export function pairs(word: string, all: Record<string, string>): Record<string, string> {
  const at = word.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`key=value is expected, not "${word}"`);
  return { ...all, [word.slice(0, at)]: word.slice(at + 1) };
}

/** `1 device`, `2 devices`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Bytes in the unit that fits them. */
export function sizeWords(bytes: number): string {
  if (bytes < 1_024) return counted(bytes, 'byte');
  const isSmall = bytes < 1 << 20;
  return `${(bytes / (isSmall ? 1_024 : 1 << 20)).toFixed(1)} ${isSmall ? 'KiB' : 'MiB'}`;
}
