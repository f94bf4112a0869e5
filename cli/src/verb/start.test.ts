import { Command } from 'commander';
import { expect, test, vi } from 'vitest';
import { addStart } from './index.ts';

test.each([
  ['manager', ['start', '--help'], /--disk-reserve.*--device-certificate-days.*--certificate-grace-days/],
  ['sim', ['board', '-h'], /pier sim board FILE --dir DIR/],
  ['agent', ['start', '--data', 'x', '--help'], /pier agent start --data DIR/],
])('pier %s %j prints the usage and starts nothing', async (noun, words, usage) => {
  const program = new Command('pier').exitOverride().enablePositionalOptions();
  addStart(program);
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  await program.parseAsync([noun, ...words], { from: 'user' });
  write.mockRestore();
  expect(said.join('')).toMatch(usage);
});
