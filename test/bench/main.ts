/** `npm run bench [-- NAME…] [--json FILE]`: measured rows with the machine's description. Nothing is asserted. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem, release } from 'node:os';
import { parseArgs } from 'node:util';
import { agentFootprint } from './agent-footprint.ts';
import { appRun } from './app-run.ts';
import { bareWorker } from './bare-worker.ts';
import { commandToHostCall } from './command-to-host-call.ts';
import { fleet } from './fleet.ts';
import { lineWrite } from './line-write.ts';
import { managerStart } from './manager-start.ts';
import { pull } from './pull.ts';
import { rollout } from './rollout.ts';
import { type Row, summary } from './summary.ts';
import { verify } from './verify.ts';
import { web } from './web.ts';

const benches: Readonly<Record<string, () => Promise<Row[]>>> = {
  'command-to-host-call': commandToHostCall,
  'bare-worker': bareWorker,
  'app-run': appRun,
  'line-write': lineWrite,
  verify,
  pull,
  'agent-footprint': agentFootprint,
  'manager-start': managerStart,
  'rollout-100': () => rollout(100),
  'rollout-1000': () => rollout(1_000),
  'fleet-1000': () => fleet(1_000),
  web,
};

/** Minutes each: measured only when named. */
const long: Readonly<Record<string, () => Promise<Row[]>>> = { 'rollout-10000': () => rollout(10_000), 'fleet-10000': () => fleet(10_000) };
const known: typeof benches = { ...benches, ...long };

const usage = `usage: npm run bench [-- NAME… --json FILE]; names: ${Object.keys(benches).join(', ')}; minutes each, only when named: ${Object.keys(long).join(', ')}`;
const { values, positionals } = wordsOf(process.argv.slice(2));
if (values.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !Object.hasOwn(known, name));
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no "${unknown[0]}"; known are ${Object.keys(known).join(', ')}\n`);
  process.exit(2);
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()} ${process.arch}, Node ${process.versions.node}`;
process.stdout.write(`${machine}\n\n${'row'.padEnd(70)} ${'min'.padStart(9)} ${'median'.padStart(9)} ${'max'.padStart(9)}  n\n`);
const rows: Row[] = [];
for (const [name, bench] of Object.entries(positionals.length > 0 ? known : benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const row of await bench()) {
    rows.push(row);
    const { min, median, max } = summary(row.values);
    process.stdout.write(`${`${row.name} (${row.unit})`.padEnd(70)} ${[min, median, max].map((value) => value.toFixed(1).padStart(9)).join(' ')}  ${row.values.length}\n`);
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, rows: rows.map((row) => ({ ...row, ...summary(row.values) })) }, null, 2)}\n`);

function wordsOf(args: string[]) {
  try {
    return parseArgs({ args, options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } }, allowPositionals: true });
  } catch (cause) {
    process.stderr.write(`bench: ${cause instanceof Error ? cause.message : String(cause)}\n${usage}\n`);
    return process.exit(2);
  }
}
