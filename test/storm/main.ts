/**
 * `npm run storm -- [--seed N] [--rounds M] [--from K] [--json FILE]`: real processes, struck at random and at every named step of
 * their journals. Exits 1 when a round did not come to rest rightly, or a step that was to be struck never was.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { shutdownSignal } from '@pier/shared/process';
import { planRounds } from './plan.ts';
import { storm } from './storm.ts';
import { tableOf } from './table.ts';

const usage = 'usage: npm run storm -- [--seed N] [--rounds M] [--from K] [--json FILE]';
const root = fileURLToPath(new URL('../..', import.meta.url));

// A story that was broken off may still be looking for its end.
process.exit(await main(process.argv.slice(2)));

/** The options, or what is wrong with them. */
function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '30' }, from: { type: 'string', default: '1' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } }).values;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const values = valuesOf(argv);
  if (typeof values === 'string') {
    process.stderr.write(`storm: ${values}\n${usage}\n`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const [seed, rounds, from] = [values.seed, values.rounds, values.from].map(Number);
  if (seed === undefined || rounds === undefined || from === undefined || ![seed, rounds, from].every((one) => Number.isInteger(one) && one >= 1)) {
    process.stderr.write('storm: --seed, --rounds and --from are numbers from 1\n');
    return 2;
  }
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const plan = planRounds({ seed, rounds }).filter(({ n }) => n >= from);
  const result = await storm({ seed, rounds: plan, say, keptDir: join(root, '.pier', 'storm'), signal: shutdownSignal() });
  say(`\n${tableOf(result.tally)}`);
  const kills = [...result.tally.blows.values()].reduce((sum, one) => sum + one, 0);
  say(`${result.rounds.length} rounds of seed ${seed}, ${kills} blows, ${result.restarts} processes started again, ${result.findings.length} findings`);
  const lit = result.unsafeMs.filter((ms) => ms > 0);
  say(`${result.unsafeMs.length} agents died, ${lit.length} with their light on, which went out at most ${Math.max(0, ...lit)} ms later; ${result.nudged} devices were spared their back-off`);
  for (const step of result.neverHit) say(`never hit: ${step}`);
  for (const { round, blow } of result.findings) say(`finding in round ${round}: ${blow}; again: npm run storm -- --seed ${seed} --rounds ${round}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, ...result, tally: { passed: [...result.tally.passed], died: [...result.tally.died], blows: [...result.tally.blows] } }, null, 2)}\n`);
  return result.findings.length === 0 && result.neverHit.length === 0 ? 0 : 1;
}
