import { describe, expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { remediesOf, whyLook } from '../words/index.ts';
import { type ChainCheck, ReasonChain } from './reason-chain.tsx';

const checks: readonly ChainCheck[] = [
  { check: 'the device is let in', verdict: 'passed', evidence: 'it is active' },
  { check: 'its wave is open', verdict: 'passed', evidence: 'wave 1 of 2' },
  { check: 'bindings cover it', verdict: 'holds', evidence: '“siren” is not bound' },
  { check: 'it proves itself', verdict: 'not_reached', evidence: '' },
];
const held = <ReasonChain checks={checks} code="capability.unbound" sentence="The release asks for something that is not bound on this device." remedy="pier binding set d blink <label=…>"><button type="button">Bind…</button></ReasonChain>;

test('the check that decides stands with its evidence, its code and what can be done; those after it were not reached', async () => {
  const screen = await show(held);
  const steps = screen.getByRole('listitem').elements().filter((step) => getComputedStyle(step).display !== 'none');
  expect(steps.map(({ textContent }) => textContent)).toEqual(expect.arrayContaining([expect.stringContaining('It proves itself: not reached')]));
  const deciding = steps.find(({ className }) => className.includes('f-refused'));
  expect(deciding?.textContent).toContain('Bindings cover it: “siren” is not bound. capability.unbound');
  await expect.element(screen.getByRole('button', { name: 'Bind…' })).toBeVisible();
  expect(screen.getByRole('group', { name: 'A command that mends it' }).element().textContent).toContain('pier binding set d blink <label=…>');
});

test('when all checks have passed nothing is on a tint, and the list waits until it is asked for', async () => {
  const screen = await show(<ReasonChain checks={checks.slice(0, 2)} code="proven" sentence="Runs." remedy={null} />);
  expect(screen.container.querySelector('.chain-holds')).toBeNull();
  expect(screen.container.querySelector('details')?.open).toBe(false);
  await screen.getByText('All 2 checks pass').click();
  await expect.poll(() => screen.container.querySelector('details')?.open).toBe(true);
  expect(screen.container.textContent).toContain('Its wave is open, wave 1 of 2');
});

test('where the device runs what is wanted, what decided that is a note: no tint, and nothing to mend', async () => {
  const screen = await show(<ReasonChain calm checks={checks} code="rollout.rolled-back" sentence="The rollout was rolled back." remedy="Start a rollout of a release that mends it" />);
  await expect.element(screen.getByText('The rollout was rolled back.')).toBeVisible();
  expect(screen.container.querySelector('.chain-holds')).toBeNull();
  expect(screen.getByText('Start a rollout').query()).toBeNull();
});

describe('words', () => {
  test('commands are taken out of what to do, each to be copied', () => {
    expect(remediesOf('pier rollout resume r-1')).toEqual([{ words: undefined, command: 'pier rollout resume r-1' }]);
    expect(remediesOf('See its last lines with: pier device logs d a; then: pier rollout retry r d')).toEqual([{ words: 'See its last lines with', command: 'pier device logs d a' }, { words: 'Then', command: 'pier rollout retry r d' }]);
    expect(remediesOf('See what failed with: pier rollout why r; then retry it or leave it out (pier rollout retry, pier rollout exclude), or: pier rollout rollback r').map(({ command }) => command)).toEqual(['pier rollout why r', 'pier rollout rollback r']);
    expect(remediesOf("Look after the board's power and network")).toEqual([{ words: "Look after the board's power and network", command: undefined }]);
    expect(remediesOf(null)).toEqual([]);
  });
  test('a code that this page does not know waits', () => {
    expect([whyLook('app.failed').family, whyLook('something.new').family, whyLook('toString').family]).toEqual(['failed', 'waiting', 'waiting']);
  });
});
