import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentBundle } from '../support/agent-bundle.ts';
import { command } from '../support/wat.ts';
import { type Row, summary } from './summary.ts';
import { timeInTurn, timeProgram } from './time-program.ts';

const runs = 15;
const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

/** A guest that ends at once, run by `pier app run` of the checkout and by the device bundle, beside a Node that does nothing. */
export async function appRun(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-bench-run-'));
  try {
    const { launcher } = await agentBundle(dir);
    const guest = join(dir, 'guest.wasm');
    writeFileSync(guest, await command(''));
    const { source, bundle, bare } = await timeInTurn(runs, {
      source: () => timeProgram(process.execPath, [cli, 'app', 'run', guest]),
      bundle: () => timeProgram(launcher, ['run', guest], { PIER_NODE: process.execPath }),
      bare: () => timeProgram(process.execPath, ['-e', '1']),
    });
    const bareMs = summary(bare).median;
    return [
      { name: 'pier app run of a small guest, from source', unit: 'ms', values: source },
      { name: 'pier-agent run of the same, bundle', unit: 'ms', values: bundle },
      { name: 'node -e 1', unit: 'ms', values: bare },
      { name: 'pier app run ÷ node -e 1, from source', unit: '×', values: [summary(source).median / bareMs] },
      { name: 'pier-agent run ÷ node -e 1, bundle', unit: '×', values: [summary(bundle).median / bareMs] },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
