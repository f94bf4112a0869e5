/** What is typed on the page of a new rollout, and the plan that it makes: pure. */
import { RolloutPlan, type WavePlan } from '@pier/shared/api';
import { DeviceId, Fault } from '@pier/shared/core';
import { parseSelector } from '@pier/shared/selector';

export type TakeBy = WavePlan['take']['by'];
/** All of it as text, as it is typed: a number half typed is no number yet, and is not lost either. */
export type WaveForm = {
  readonly key: number;
  readonly by: TakeBy;
  readonly count: string;
  readonly percent: string;
  readonly selector: string;
  readonly success: string;
  readonly failure: string;
  readonly sample: string;
  readonly present: string;
  /** Empty: as the rollout's own. */
  readonly soakS: string;
  readonly advance: WavePlan['advance'];
};
export type Form = {
  readonly release: string;
  readonly who: 'all' | 'selector' | 'devices';
  readonly selector: string;
  readonly devices: string;
  readonly mode: RolloutPlan['mode'];
  readonly waves: readonly WaveForm[];
  readonly soakS: string;
  readonly deadlineS: string;
  readonly maxInFlight: string;
  readonly onFailure: RolloutPlan['onFailure'];
  readonly horizonS: string;
  readonly name: string;
};

export function newWave(key: number, by: TakeBy = 'percent'): WaveForm {
  return { key, by, count: '1', percent: '10', selector: '', success: '100', failure: '0', sample: '1', present: '50', soakS: '', advance: 'auto' };
}

/** One device first, then the rest: nothing said about who gets what. */
export function newForm({ release = '', devices = '', selector = '' }: { release?: string; devices?: string; selector?: string } = {}): Form {
  return {
    release, selector, devices, who: devices === '' ? 'selector' : 'devices', mode: 'static', waves: [newWave(1, 'count'), newWave(2, 'rest')],
    soakS: '60', deadlineS: '600', maxInFlight: '500', onFailure: 'pause', horizonS: '86400', name: '',
  };
}

/** A new wave takes its place before the last one, which takes the rest. */
export function withWave(form: Form): Form {
  const key = Math.max(0, ...form.waves.map((wave) => wave.key)) + 1;
  const last = form.waves.at(-1);
  const before = last?.by === 'rest' ? form.waves.slice(0, -1) : form.waves;
  return { ...form, waves: [...before, newWave(key), ...(last?.by === 'rest' ? [last] : [])] };
}

export function withoutWave(form: Form, key: number): Form {
  const left = form.waves.filter((wave) => wave.key !== key);
  return { ...form, waves: left.length === 0 ? form.waves : left };
}

/** Where something is wrong: the name of a field, `wave 2 percent` for one of a wave. */
export type Wrong = { readonly field: string; readonly says: string };
export type Read = { readonly ok: true; readonly plan: RolloutPlan } | { readonly ok: false; readonly wrong: readonly Wrong[] };

type Range = { readonly min: number; readonly max: number; readonly whole?: boolean };
const ranges = {
  soakS: { min: 0, max: 7 * 86_400, whole: true },
  deadlineS: { min: 5, max: 86_400, whole: true },
  maxInFlight: { min: 1, max: 10_000, whole: true },
  horizonS: { min: 0, max: 30 * 86_400, whole: true },
  count: { min: 1, max: 100_000, whole: true },
  percent: { min: 0.01, max: 100 },
  success: { min: 0, max: 100 },
  failure: { min: 0, max: 100 },
  sample: { min: 1, max: 10_000, whole: true },
  present: { min: 0, max: 100 },
} as const satisfies Record<string, Range>;

class Reader {
  readonly wrong: Wrong[] = [];
  number(text: string, range: Range, field: string): number {
    const n = /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (n >= range.min && n <= range.max && (range.whole !== true || Number.isInteger(n))) return n;
    this.wrong.push({ field, says: `${range.whole === true ? 'a whole number' : 'a number'} from ${range.min} to ${range.max} is expected` });
    return range.min;
  }
  selector(text: string, field: string): string {
    const says = wrongSelector(text);
    if (says !== undefined) this.wrong.push({ field, says });
    return text.trim();
  }
}

/** What is wrong with a selector and where; undefined where it can be read. */
export function wrongSelector(text: string): string | undefined {
  if (text.trim() === '') return 'say which devices';
  try {
    parseSelector(text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}

/** Ids as they are typed or handed over by a link: by comma, blank or line. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((id) => id !== ''))];
}

/** The plan that the form stands for, or all that is wrong with it. */
export function planOf(form: Form): Read {
  const reader = new Reader();
  const numbers = {
    soakS: reader.number(form.soakS, ranges.soakS, 'soakS'),
    deadlineS: reader.number(form.deadlineS, ranges.deadlineS, 'deadlineS'),
    maxInFlight: reader.number(form.maxInFlight, ranges.maxInFlight, 'maxInFlight'),
    horizonS: reader.number(form.horizonS, ranges.horizonS, 'horizonS'),
  };
  if (form.release === '') reader.wrong.push({ field: 'release', says: 'choose a release' });
  const name = form.name.trim();
  if (name.length > 128) reader.wrong.push({ field: 'name', says: 'at most 128 characters' });
  const waves = form.waves.map((wave, index) => waveOf(wave, `wave ${index + 1}`, reader));
  const plan = { release: form.release, ...whoOf(form, reader), mode: form.who === 'devices' ? 'static' : form.mode, waves, ...numbers, onFailure: form.onFailure, ...(name !== '' && { name }) };
  if (reader.wrong.length > 0) return { ok: false, wrong: reader.wrong };
  const parsed = RolloutPlan.safeParse(plan);
  if (parsed.success) return { ok: true, plan: parsed.data };
  return { ok: false, wrong: parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), says: issue.message })) };
}

function whoOf(form: Form, reader: Reader): { selector: string } | { devices: string[] } {
  if (form.who === 'all') return { selector: 'all' };
  if (form.who === 'selector') return { selector: reader.selector(form.selector, 'selector') };
  const devices = idsOf(form.devices);
  if (devices.length === 0) reader.wrong.push({ field: 'devices', says: 'name at least one device' });
  const odd = devices.find((id) => !DeviceId.safeParse(id).success);
  if (odd !== undefined) reader.wrong.push({ field: 'devices', says: `"${odd}" is not the id of a device` });
  return { devices };
}

function waveOf(wave: WaveForm, at: string, reader: Reader): WavePlan {
  const read = (field: keyof typeof ranges & keyof WaveForm): number => reader.number(wave[field], ranges[field], `${at} ${field}`);
  return {
    take: takeOf(wave, at, reader),
    gate: { successPercent: read('success'), failurePercent: read('failure'), failureSampleMin: read('sample'), presentPercent: read('present') },
    advance: wave.advance,
    ...(wave.soakS.trim() !== '' && { soakS: read('soakS') }),
  };
}

function takeOf(wave: WaveForm, at: string, reader: Reader): WavePlan['take'] {
  switch (wave.by) {
    case 'count':
      return { by: 'count', count: reader.number(wave.count, ranges.count, `${at} count`) };
    case 'percent':
      return { by: 'percent', percent: reader.number(wave.percent, ranges.percent, `${at} percent`) };
    case 'selector':
      return { by: 'selector', selector: reader.selector(wave.selector, `${at} selector`) };
    case 'rest':
      break;
  }
  return { by: 'rest' };
}
