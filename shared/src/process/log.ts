import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';
import { Fault, type Log, type Step, isStep, steps } from '../core/index.ts';

const secretFields = ['token', 'secret', 'password', 'authorization', 'privateKey', '*.token', '*.secret', '*.password', '*.authorization', '*.privateKey'];

/**
 * A JSON-lines log on stderr, one per process; stdout belongs to answers. With PIER_DIE_AT=STEP[:N] the process kills itself with
 * SIGKILL when that step of the journal is logged for the N-th time, at whatever level it logs: for tests of what a crash leaves.
 * Faults: `input-invalid` for a step that the table does not know.
 */
export function processLog(name: string, level = process.env['PIER_LOG'] ?? 'info'): Log {
  const log = pino({ name, level, redact: { paths: secretFields, censor: '[secret]' } }, stderrThatMayFail());
  const death = readDeath(process.env['PIER_DIE_AT']);
  return death && steps[death.step].process === name ? mortal(log, death) : log;
}

/** Lines that stderr does not take, such as a file on a full disk, wait for the next one, so many bytes of them; the process goes on. */
const waitingBytesMax = 256 << 10;

function stderrThatMayFail(): DestinationStream {
  const stderr = pino.destination({ fd: 2, sync: true, maxLength: waitingBytesMax });
  stderr.on('error', () => {
    // Without a listener the line that was logged would throw, wherever it was.
  });
  return stderr;
}

type Death = { readonly step: Step; readonly nth: number };

function readDeath(text: string | undefined): Death | undefined {
  if (text === undefined) return undefined;
  const [, step = '', nth = '1'] = /^(step\.[a-z-]+)(?::([1-9]\d{0,5}))?$/.exec(text) ?? [];
  if (!isStep(step)) throw new Fault('input-invalid', `PIER_DIE_AT is "${text.slice(0, 100)}"; a step of the journal was expected, such as step.proven or step.proven:2`);
  return { step, nth: Number(nth) };
}

function mortal(log: Log, { step, nth }: Death): Log {
  let seen = 0;
  const note = (event: string): void => {
    if (event !== step || (seen += 1) < nth) return;
    writeSync(2, `${JSON.stringify({ died: step, nth, pid: process.pid })}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  return {
    debug: (fields, event) => {
      log.debug(fields, event);
      note(event);
    },
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => log.warn(fields, event),
    error: (fields, event) => log.error(fields, event),
  };
}
