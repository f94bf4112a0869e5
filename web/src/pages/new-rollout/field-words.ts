/** What the fields of the form are called where something is wrong with one. Pure. */
import { capital } from '../../words/index.ts';

const ofAll: Readonly<Record<string, string>> = { release: 'Release', selector: 'Devices', devices: 'Devices', soakS: 'Soak', deadlineS: 'Each device, at most', maxInFlight: 'At work at once', horizonS: 'A late failure', name: 'Name' };
const ofWave: Readonly<Record<string, string>> = { count: 'devices', percent: '% of all', selector: 'query', success: 'proven, at least', failure: 'ended badly, stops above', sample: 'of finished, at least', present: 'able to take it, at least', soakS: 'soak' };

/** `Wave 1, soak` of `wave 1 soakS`; the contract counts waves from 0: `waves.0.soakS`. */
export function fieldWords(field: string): string {
  const [, typed, counted, name = ''] = /^(?:wave (\d+) |waves\.(\d+)\.?)(.*)$/.exec(field) ?? [];
  if (typed === undefined && counted === undefined) return ofAll[field] ?? capital(field);
  const n = typed ?? String(Number(counted) + 1);
  const words = ofWave[name];
  return words === undefined ? `Wave ${n}` : `Wave ${n}, ${words}`;
}
