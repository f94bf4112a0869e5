import { describe, expect, test } from 'vitest';
import { type Form, idsOf, newForm, newWave, planOf, withWave, withoutWave } from './form.ts';

const form = (change: Partial<Form> = {}): Form => ({ ...newForm({ release: 'rel-1', selector: 'site=harbour' }), ...change });
const wrongOf = (change: Partial<Form>) => {
  const read = planOf(form(change));
  return read.ok ? [] : read.wrong.map(({ field }) => field);
};

describe('the plan of a form', () => {
  test('as it opens: one device, then the rest, with the gate that nothing may fail', () => {
    const gate = { successPercent: 100, failurePercent: 0, failureSampleMin: 1, presentPercent: 50 };
    expect(planOf(form())).toEqual({
      ok: true,
      plan: {
        release: 'rel-1', selector: 'site=harbour', mode: 'static', soakS: 60, deadlineS: 600, maxInFlight: 500, horizonS: 86_400, onFailure: 'pause',
        waves: [{ take: { by: 'count', count: 1 }, gate, advance: 'auto' }, { take: { by: 'rest' }, gate, advance: 'auto' }],
      },
    });
  });

  test('takes only what is chosen: devices go without a selector, and are never dynamic', () => {
    expect(planOf(form({ who: 'devices', devices: 'a-1, a-2\na-1', mode: 'dynamic' }))).toMatchObject({ ok: true, plan: { devices: ['a-1', 'a-2'], mode: 'static' } });
    expect(planOf(form({ who: 'all', mode: 'dynamic', name: ' spring ' }))).toMatchObject({ ok: true, plan: { selector: 'all', mode: 'dynamic', name: 'spring' } });
  });

  test('a wave of its own selector, soak and manual advance', () => {
    const waves = [{ ...newWave(1, 'selector'), selector: 'tier=canary', soakS: '5', advance: 'manual' as const, failure: '2.5' }];
    expect(planOf(form({ waves }))).toMatchObject({ ok: true, plan: { waves: [{ take: { by: 'selector', selector: 'tier=canary' }, soakS: 5, advance: 'manual', gate: { failurePercent: 2.5 } }] } });
  });

  test.each<[string, Partial<Form>, string]>([
    ['no release', { release: '' }, 'release'],
    ['no devices: an empty selector is not all of them', { selector: ' ' }, 'selector'],
    ['a selector that breaks off', { selector: 'site=' }, 'selector'],
    ['no device named', { who: 'devices', devices: ' , ' }, 'devices'],
    ['a name that is no id', { who: 'devices', devices: 'Ärger' }, 'devices'],
    ['a soak that is no number', { soakS: '1e3' }, 'soakS'],
    ['a soak below zero', { soakS: '-1' }, 'soakS'],
    ['half a second', { deadlineS: '5.5' }, 'deadlineS'],
    ['too short a deadline', { deadlineS: '4' }, 'deadlineS'],
    ['nobody at work', { maxInFlight: '0' }, 'maxInFlight'],
    ['a wave of nobody', { waves: [{ ...newWave(1, 'count'), count: '0' }] }, 'wave 1 count'],
    ['more than all', { waves: [newWave(1, 'rest'), { ...newWave(2), percent: '101' }] }, 'wave 2 percent'],
    ['a share beyond 100', { waves: [{ ...newWave(1, 'rest'), success: '120' }] }, 'wave 1 success'],
    ["a wave's selector that breaks off", { waves: [{ ...newWave(1, 'selector'), selector: 'a in (' }] }, 'wave 1 selector'],
    ['too long a name', { name: 'x'.repeat(129) }, 'name'],
  ])('%s is said at its field', (_, change, field) => {
    expect(wrongOf(change)).toEqual([field]);
  });

  test('a selector is told wrong with its place, and all that is wrong is told at once', () => {
    const read = planOf(form({ selector: 'site=', soakS: '' }));
    expect(read).toMatchObject({ ok: false, wrong: [{ field: 'soakS' }, { field: 'selector', says: expect.stringMatching(/character \d+/) as string }] });
  });
});

describe('waves', () => {
  test('a new one goes before the rest, under a key of its own', () => {
    const more = withWave(form());
    expect(more.waves.map(({ by }) => by)).toEqual(['count', 'percent', 'rest']);
    expect(new Set(more.waves.map(({ key }) => key)).size).toBe(3);
  });

  test('one is taken out, and the last one stays', () => {
    const one = withoutWave(form(), 1);
    expect(one.waves.map(({ key }) => key)).toEqual([2]);
    expect(withoutWave(one, 2).waves).toHaveLength(1);
  });
});

test('ids may be parted by commas, blanks and lines, and count once', () => {
  expect(idsOf(' a,b  c\nb ,')).toEqual(['a', 'b', 'c']);
});
