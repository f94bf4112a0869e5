import { readFileSync } from 'node:fs';
import { SimRecord } from '@pier/shared/hardware';

/** All that a simulated board has recorded. Its last line may still be being written, and is left out. */
export function readRecord(file: string): SimRecord[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => SimRecord.parse(JSON.parse(line)));
}
