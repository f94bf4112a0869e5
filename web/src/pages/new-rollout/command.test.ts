import { describe, expect, test } from 'vitest';
import { RolloutPlan } from '@pier/shared/api';
import { commandOf, waveText } from './command.ts';

const plan = (change: Record<string, unknown> = {}): RolloutPlan => RolloutPlan.parse({ release: 'rel-1', selector: 'all', waves: [{ take: { by: 'rest' } }], ...change });
const textOf = (change: Record<string, unknown>): string => {
  const command = commandOf(plan(change));
  return 'text' in command ? command.text : `no command: ${command.says}`;
};

/** Words as a shell would hand them over. */
function shellWords(text: string): string[] {
  return [...text.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g)].map(([word]) => word.replace(/'([^']*)'|\\'/g, (_, inside: string | undefined) => inside ?? "'"));
}

describe('the command of a plan', () => {
  test('says only what is not so by itself', () => {
    expect(textOf({})).toBe('./pier rollout start rel-1 -l all --wave rest');
  });

  test('says all that differs, devices last', () => {
    expect(textOf({ selector: undefined, devices: ['a-1', 'a-2'], name: 'spring', soakS: 5, deadlineS: 30, maxInFlight: 7, onFailure: 'roll_back' })).toBe(
      './pier rollout start rel-1 --wave rest --name spring --soak 5 --deadline 30 --max-in-flight 7 --on-failure roll_back --device a-1 a-2',
    );
    expect(textOf({ mode: 'dynamic' })).toContain(' --dynamic');
  });

  test.each(['site=harbour and not exists(spare)', 'name="crane \\"north\\""', "name=\"it's\"", 'a=b;rm', '$(id)', 'name="`x`"'])('a shell hands %s over as it is', (selector) => {
    expect(shellWords(textOf({ selector }))[5]).toBe(selector);
  });

  test('where there is no option for it, it says so instead of something else', () => {
    expect(textOf({ horizonS: 60 })).toMatch(/^no command: .*24 h/);
    expect(textOf({ waves: [{ take: { by: 'selector', selector: 'name="a;b"' } }] })).toMatch(/^no command: .*";"/);
  });
});

test.each([
  [{ take: { by: 'count', count: 1 } }, '1'],
  [{ take: { by: 'percent', percent: 2.5 } }, '2.5%'],
  [{ take: { by: 'selector', selector: 'tier=canary' } }, 'tier=canary'],
  [{ take: { by: 'percent', percent: 10 }, gate: { successPercent: 95, failurePercent: 5, failureSampleMin: 20, presentPercent: 80 }, soakS: 300, advance: 'manual' }, '10%;success=95;failure=5;sample=20;present=80;soak=300;manual'],
])('a wave is written as it is typed: %j', (wave, text) => {
  const [one] = plan({ waves: [wave] }).waves;
  expect(one && waveText(one)).toBe(text);
});
