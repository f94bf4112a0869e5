import { Command } from 'commander';
import { expect, test, vi } from 'vitest';
import { runProgram } from '../session/index.ts';
import { addStart } from './index.ts';

test.each([
  ['manager', ['start', '--help'], /--disk-reserve.*--device-certificate-days.*--certificate-grace-days/s],
  ['sim', ['board', '-h'], /pier sim board FILE --dir DIR/],
  ['manager', ['help'], /pier manager restore/],
  ['agent', ['help'], /pier agent safe/],
  ['agent', ['start', '--data', 'x', '--help'], /pier agent start --data DIR/],
])('pier %s %j prints the usage and starts nothing', async (noun, words, usage) => {
  const program = new Command('pier').exitOverride().enablePositionalOptions();
  addStart(program);
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  await program.parseAsync([noun, ...words], { from: 'user' });
  write.mockRestore();
  expect(said.join('')).toMatch(usage);
  expect(said.join('').split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('a noun alone is a mistake, told with the usage', async () => {
  const program = new Command('pier').exitOverride().enablePositionalOptions();
  addStart(program);
  for (const command of program.commands) command.exitOverride();
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const status = await runProgram(program, ['node', 'pier', 'manager']);
  write.mockRestore();
  expect(status).toBe(2);
  expect(said.join('')).toContain('pier manager restore');
});
