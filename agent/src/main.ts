import { startThread } from './run/sandbox/spare-thread.ts';

const [subcommand, ...argv] = process.argv.slice(2);
// At a desk nobody waits twice: the guest's thread starts while all else is still being loaded.
const thread = subcommand === 'run' ? startThread() : undefined;
const { act } = await import('./subcommands.ts');
process.exitCode = await act(subcommand, { argv, environment: process.env, thread });
// Nothing of ours is open any more; a library's idle timer must not keep the process.
process.exit();
