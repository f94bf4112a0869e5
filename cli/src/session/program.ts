import { type Command, CommanderError } from 'commander';
import { Fault, faultCodes, toFault } from '@pier/shared/core';
import { type Format, output } from './output.ts';

export type Common = { manager?: string; token?: string; output?: Format };

/** Adds the options that every verb which talks to a manager has. */
export function withManager(command: Command): Command {
  return withOutput(command.option('--manager <url>', 'the manager (PIER_MANAGER)').option('--token <token>', 'API token (PIER_API_TOKEN)'));
}

export function withOutput(command: Command): Command {
  return command.option('-o, --output <format>', 'table or json', (value) => {
    if (value !== 'table' && value !== 'json') throw new Fault('input-invalid', `-o takes table or json, not "${value}"`);
    return value;
  });
}

/** Errors in the words of a verb name that verb's own help. */
export function nameHelp(command: Command, before = ''): void {
  const name = `${before}${command.name()}`;
  command.showHelpAfterError(`(see ${name} --help)`);
  for (const one of command.commands) nameHelp(one, `${name} `);
}

/** Runs the program and gives its exit status: 0, the fault's, or 2 for wrong usage. Nothing but this decides how the CLI ends. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : faultCodes['input-invalid'].exit;
    const fault = toFault(thrown);
    output.fault(fault, wantsJson(argv) ? 'json' : 'table');
    return fault.exit;
  }
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.some((word, index) => word === '-ojson' || word === '--output=json' || ((word === '-o' || word === '--output') && argv[index + 1] === 'json'));
}
