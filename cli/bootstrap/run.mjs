// node cli/bootstrap/run.mjs TARGET [args…]: makes the checkout ready where it is not, then runs TARGET (a path from
// the root of the checkout) on the Node that Pier needs. This file and all it imports run on the Node the machine has,
// from 18 on, before any package is there: only built-in modules, only syntax that Node 18 reads.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { statusOf, watchEndings } from './endings.mjs';
import { launch } from './launch.mjs';
import { layout } from './layout.mjs';
import { explainFailure } from './npm-failure.mjs';
import { SetupError, say } from './say.mjs';
import { ensureSetup } from './setup.mjs';
import { ensureUi } from './ui.mjs';

async function main([name, ...args], env) {
  const paths = layout(fileURLToPath(new URL('../..', import.meta.url)));
  if (Number(process.versions.node.split('.')[0]) < 18) throw new SetupError(`set-up needs Node 18 or newer; this is Node ${process.versions.node}.`);
  if (name === undefined) throw new SetupError('usage: node cli/bootstrap/run.mjs TARGET [args…], TARGET a path from the root of the checkout.');
  const target = join(paths.root, name);
  if (!existsSync(target)) throw new SetupError(`${name} is not in this checkout.`);
  const endings = watchEndings(env);
  const cut = new AbortController();
  let cutBy;
  endings.handledBy((ending) => {
    cutBy ??= ending;
    cut.abort();
  });
  try {
    const node = await ensureSetup(paths, env, cut.signal);
    if (cutBy === undefined) await ensureUi(paths, { node, env }, cut.signal);
    if (cutBy === undefined) return await launch({ node, target, args, env, paths, endings });
  } catch (error) {
    if (cutBy === undefined) throw error;
  }
  say('set-up was cut short; the next start continues it');
  return statusOf(cutBy.signal);
}

try {
  process.exit(await main(process.argv.slice(2), process.env));
} catch (error) {
  // A system error (disk full, no permission) says enough by its message; anything else is our mistake: show where.
  if (error instanceof SetupError) say(error.message);
  else if (error.code !== undefined) say(explainFailure('set-up', error.message));
  else say(error.stack);
  process.exit(1);
}
