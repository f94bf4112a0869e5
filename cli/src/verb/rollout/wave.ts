import { Fault, check } from '@pier/shared/core';
import { WavePlan } from '@pier/shared/api';

const gateWords = { success: 'successPercent', failure: 'failurePercent', sample: 'failureSampleMin', present: 'presentPercent' } as const;
const shape = 'a wave reads WHICH[;KEY=VALUE…], WHICH being a number, a percentage such as 10%, "rest" or a selector, KEY one of success, failure, sample, present, soak, or the word "manual"';

/** A wave as it is typed: `1`, `10%;success=95;soak=300`, `site=harbour;manual`, `rest`. Faults: `input-invalid`. */
export function parseWave(text: string): WavePlan {
  const [which = '', ...words] = text.split(';').map((part) => part.trim());
  const gate: Record<string, number> = {};
  let [soakS, advance]: [number | undefined, 'auto' | 'manual'] = [undefined, 'auto'];
  for (const word of words) {
    const [, key = '', value = ''] = /^([a-z]+)=([\d.]+)$/.exec(word) ?? [];
    if (word === 'manual') advance = 'manual';
    else if (key === 'soak') soakS = Number(value);
    else if (isGateWord(key)) gate[gateWords[key]] = Number(value);
    else throw new Fault('input-invalid', `"${word}" in wave "${text}" is not understood: ${shape}`);
  }
  return check(WavePlan, { take: takeOf(which, text), gate, advance, ...(soakS === undefined ? {} : { soakS }) }, { what: `wave "${text}"` });
}

function isGateWord(key: string): key is keyof typeof gateWords {
  return Object.hasOwn(gateWords, key);
}

function takeOf(which: string, text: string): unknown {
  if (which === '') throw new Fault('input-invalid', `wave "${text}" takes nobody: ${shape}`);
  if (which === 'rest') return { by: 'rest' };
  if (/^\d+$/.test(which)) return { by: 'count', count: Number(which) };
  const percent = /^([\d.]+)%$/.exec(which);
  if (percent) return { by: 'percent', percent: Number(percent[1]) };
  return { by: 'selector', selector: which };
}
