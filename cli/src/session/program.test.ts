import { Command } from 'commander';
import { expect, test, vi } from 'vitest';
import { nameHelp, runProgram } from './index.ts';

test('a mistake in the words of a verb names the help of that verb', async () => {
  const program = new Command('pier').exitOverride();
  program.command('binding').command('set').argument('<device>').action(() => {});
  nameHelp(program);
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const status = await runProgram(program, ['node', 'pier', 'binding', 'set']);
  write.mockRestore();
  expect(status).toBe(2);
  expect(said.join('')).toContain('(see pier binding set --help)');
});
