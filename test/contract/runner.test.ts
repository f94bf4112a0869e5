import { silentLog, systemClock } from '@pier/shared/core';
import { workerRunner } from '../../agent/src/run/sandbox/index.ts';
import { runnerContract } from './runner.ts';

runnerContract('worker thread', () => workerRunner({ clock: systemClock, log: silentLog }));
