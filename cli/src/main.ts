import { Command } from 'commander';
import { nameHelp, runProgram } from './session/index.ts';
import { addApp, addAudit, addBinding, addCmd, addDevice, addKey, addLogin, addOperator, addPeople, addPolicy, addRelease, addRollout, addStart, addToken } from './verb/index.ts';

const program = new Command('pier').exitOverride().description('A safe dock for WebAssembly programs on fleets of small boards').version('0.1.0').enablePositionalOptions();
for (const add of [addStart, addLogin, addDevice, addRollout, addRelease, addApp, addCmd, addToken, addBinding, addKey, addPolicy, addOperator, addPeople, addAudit]) add(program);
nameHelp(program);
// Who reads may have read enough (`| head`); that is his business and no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await runProgram(program, process.argv);
