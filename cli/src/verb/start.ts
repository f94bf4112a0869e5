import type { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { shutdownSignal, spawnNode } from '@pier/shared/process';

const entries = {
  manager: '../../../manager/src/main.ts',
  agent: '../../../agent/src/main.ts',
  sim: '../../../firmware-sim/src/main.ts',
} as const;

/** Starts another package's program with the arguments as they are, stdio passed through; gives its exit status. */
export async function startEntry(entry: keyof typeof entries, args: readonly string[]): Promise<number> {
  await using program = spawnNode([fileURLToPath(new URL(entries[entry], import.meta.url)), ...args], { stdio: ['inherit', 'inherit', 'inherit'], graceMs: 20_000 });
  const signal = shutdownSignal();
  signal.addEventListener('abort', () => program.child.kill('SIGTERM'), { once: true });
  const { code, signal: by } = await program.exited;
  return code ?? (by === 'SIGKILL' ? 137 : 143);
}

/** `pier manager start`, `pier agent start`, `pier sim board`: the words after the noun belong to the started program. */
export function addStart(program: Command): void {
  const nouns = { manager: 'the fleet manager (start)', agent: 'the agent of this board (start, run)', sim: 'a simulated board (board, press, set, lines)' } as const;
  for (const [noun, description] of Object.entries(nouns) as [keyof typeof nouns, string][]) {
    program
      .command(noun)
      .description(description)
      .argument('<words...>')
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (words: string[]) => {
        process.exitCode = await startEntry(noun, words);
      });
  }
}
