/**
 * The setup code as people type and paste it. The manager writes `7KQ2-M4XP-9T3W`, in the letters of Crockford's base 32
 * (https://www.crockford.com/base32.html), and reads it however it is typed; this only makes it look alike on the page.
 */
const symbolsMax = 12;
const inText = /(?<![0-9a-z-])[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}(?![0-9a-z-])/i;

/** The code in what was typed, or in a whole line of the log that was pasted: capitals in groups of four. */
export function readSetupCode(typed: string): string {
  const groups = symbolsOf(inText.exec(typed)?.[0] ?? typed).slice(0, symbolsMax).match(/.{1,4}/g);
  return groups === null ? '' : groups.join('-');
}

/** Where the caret stands in a code after so many symbols, hyphens aside. */
export function placeAfter(symbols: number): number {
  return symbols + Math.floor(Math.max(0, symbols - 1) / 4);
}

/** How many symbols stand before the caret. */
export function symbolsIn(text: string): number {
  return Math.min(symbolsMax, symbolsOf(text).length);
}

/** Why this cannot be a code; undefined where it may be one. */
export function whyNotCode(code: string): string | undefined {
  const symbols = symbolsOf(code);
  if (symbols.length === 0) return 'Type the code that the manager wrote.';
  if (symbols.includes('U')) return 'No setup code has a U in it; it may be a V.';
  return symbols.length < symbolsMax ? `A setup code has ${symbolsMax} letters and digits; this has ${symbols.length}.` : undefined;
}

function symbolsOf(text: string): string {
  return text.toUpperCase().replace(/[^0-9A-Z]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
}
