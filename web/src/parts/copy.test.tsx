import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { Command } from './copy.tsx';

test('a command is broken between its words, an option never at its hyphens; only what is longer than a line is cut', async () => {
  const long = `pier1.${'x-'.repeat(60)}`;
  const screen = await show(<div style={{ width: 230 }}><Command text={`./pier token create --uses 1 --expires-in 86400 --token ${long}`} /></div>);
  const command = screen.getByRole('group', { name: 'The command' });
  await expect.element(command).toHaveTextContent(`./pier token create --uses 1 --expires-in 86400 --token ${long}Copy`);
  const options = [...command.element().querySelectorAll('pre span')];
  expect(options.map((one) => [one.textContent, one.getClientRects().length])).toEqual([['--uses', 1], ['--expires-in', 1], ['--token', 1]]);
  const pre = command.element().querySelector('pre');
  expect((pre?.scrollWidth ?? 1) - (pre?.clientWidth ?? 0)).toBeLessThanOrEqual(0);
});
