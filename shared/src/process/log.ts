import { pino } from 'pino';
import type { Log } from '../core/index.ts';

const secretFields = ['token', 'secret', 'password', 'authorization', 'privateKey', '*.token', '*.secret', '*.password', '*.authorization', '*.privateKey'];

/** A JSON-lines log on stderr, one per process; stdout belongs to answers. */
export function processLog(name: string, level = process.env['PIER_LOG'] ?? 'info'): Log {
  return pino({ name, level, redact: { paths: secretFields, censor: '[secret]' } }, pino.destination({ fd: 2, sync: true }));
}
