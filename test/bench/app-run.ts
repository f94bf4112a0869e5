import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from '../support/wat.ts';
import { type Row, summary } from './summary.ts';
import { timeInTurn, timeProgram } from './time-program.ts';

const runs = 15;
const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

/** `pier app run` of a guest that ends at once, beside a Node that does nothing. */
export async function appRun(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-bench-run-'));
  try {
    const guest = join(dir, 'guest.wasm');
    writeFileSync(guest, await command(''));
    const { run, bare } = await timeInTurn(runs, {
      run: () => timeProgram(process.execPath, [cli, 'app', 'run', guest]),
      bare: () => timeProgram(process.execPath, ['-e', '1']),
    });
    return [
      { name: 'pier app run of a small guest, from source', unit: 'ms', values: run },
      { name: 'node -e 1', unit: 'ms', values: bare },
      { name: 'pier app run ÷ node -e 1', unit: '×', values: [summary(run).median / summary(bare).median] },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
