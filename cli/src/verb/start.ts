import type { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { shutdownSignal, spawnNode } from '@pier/shared/process';

const entries = {
  manager: '../../../manager/src/main.ts',
  agent: '../../../agent/src/main.ts',
  sim: '../../../firmware-sim/src/main.ts',
} as const;

/** No line is longer than a terminal of 100 columns. */
const nouns = {
  manager: {
    description: 'the fleet manager (start, backup, restore)',
    usage: `
  pier manager start --data DIR [--http-port N] [--device-port N] [--mqtt-port N]
      [--public-host NAME|none]… [--simulator DIR] [--disk-reserve MB]
      [--device-certificate-days N] [--certificate-grace-days N]
      [--print-credentials] [--ready json]
  pier manager backup --data DIR --to FILE [--without-blobs] [-o json]   also while it runs
  pier manager restore --data DIR --from FILE [--force] [-o json]        while it is stopped

DATABASE_URL=postgres://… in the environment: that database instead of the manager's own`,
  },
  agent: {
    description: 'the agent of this board (start, safe, run)',
    usage: `
  pier agent start --data DIR --manager URL [--board auto|chardev|sysfs|sim:DIR]
      [--reserve CHIP:LINE,…] [--token T | --token-file FILE] [--mirror URL] [--name NAME]
      [--ready json]
  pier agent safe --data DIR [--board …]   outputs of a killed agent to their safe levels
  pier agent run FILE.wasm …               the same as pier app run`,
  },
  sim: {
    description: 'simulated boards (board, press, set, lines, ports, plug, unplug, fault, fleet)',
    usage: `
  pier sim board FILE --dir DIR [--sysfs MOUNTPOINT [--gpio-base N] [--slow-udev N]] [--ready json]
      FILE: {"model":"raspberry-pi-4b","parts":[{"part":"led","name":"led","line":"GPIO17"}]}
      with --sysfs (root, Linux) the pins are also files, as in /sys/class/gpio;
      after a kill: umount -l MOUNTPOINT
  pier sim press DIR PART [--ms N]
  pier sim set DIR LINE 0|1
  pier sim set DIR PART KEY=NUMBER…        such as: meter powerW=1200
  pier sim lines DIR [-o json]
  pier sim ports DIR [-o json]
  pier sim plug|unplug DIR PORT
  pier sim fault DIR PORT crc|silent|slow|partial|noise|none [--count N]
  pier sim fleet --boards N --dir DIR --manager URL --token T
      [--behave KIND=PERCENT]… [--ready json]
      devices without boards, for tests of a manager`,
  },
} as const;

/** Starts another package's program with the arguments as they are, stdio passed through; gives its exit status. */
export async function startEntry(entry: keyof typeof entries, args: readonly string[]): Promise<number> {
  await using program = spawnNode([fileURLToPath(new URL(entries[entry], import.meta.url)), ...args], { stdio: ['inherit', 'inherit', 'inherit'], graceMs: 20_000 });
  const signal = shutdownSignal();
  signal.addEventListener('abort', () => program.child.kill('SIGTERM'), { once: true });
  const { code, signal: by } = await program.exited;
  if (entry === 'agent' && args[0] === 'start' && code !== 0 && code !== usageStatus) await makeSafe(args.slice(1));
  return code ?? (by === 'SIGKILL' ? 137 : 143);
}

/** An agent that did not understand its line held nothing. */
const usageStatus = 2;

/** What a service manager's stop hook does: the outputs of an agent that did not end by itself are driven to their safe levels. */
async function makeSafe(words: readonly string[]): Promise<void> {
  await using hook = spawnNode([fileURLToPath(new URL(entries.agent, import.meta.url)), 'safe', ...words], { stdio: ['ignore', 'inherit', 'inherit'] });
  await hook.exited;
}

/** Words behind `--` belong to a guest. */
function asksForHelp(words: readonly string[]): boolean {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return own[0] === 'help' || own.includes('--help') || own.includes('-h');
}

/** `pier manager start`, `pier agent start`, `pier sim board`: the words after the noun belong to the started program. */
export function addStart(program: Command): void {
  for (const [noun, { description, usage }] of Object.entries(nouns) as [keyof typeof nouns, (typeof nouns)[keyof typeof nouns]][]) {
    program
      .command(noun)
      .description(description)
      .argument('[words...]')
      .usage('VERB …')
      .addHelpText('after', usage)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (words: string[], _: unknown, command: Command) => {
        if (words.length === 0) command.help({ error: true });
        else if (asksForHelp(words)) command.outputHelp();
        else process.exitCode = await startEntry(noun, words);
      });
  }
}
