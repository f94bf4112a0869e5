import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainFailure } from './npm-failure.mjs';
import { runHidden } from './run-hidden.mjs';
import { SetupError } from './say.mjs';

const lifeline = fileURLToPath(new URL('lifeline.cjs', import.meta.url));
// npm's own waits add up to more than a minute of silence when there is no network at all.
const patience = { npm_config_fetch_retries: '3', npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '10000' };
// Every version is pinned, so what the cache knows of it holds: set-up then works without a network too.
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--no-color', '--loglevel=warn', '--prefer-offline'];

/** The script of the npm that runs us, else of the first on the PATH, else of the one beside the running Node. */
export function findNpm(env) {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const onPath = (env.PATH ?? '').split(delimiter).filter(Boolean).map((folder) => join(folder, 'npm'));
  const candidates = [env.npm_execpath, ...onPath, beside];
  for (const candidate of candidates) {
    if (candidate === undefined || !existsSync(candidate)) continue;
    const script = realpathSync(candidate);
    if (basename(script) === 'npm-cli.js') return script;
  }
  throw new SetupError('npm was not found: it comes with Node, and set-up needs it once. Looked at npm_execpath and on the PATH.');
}

/**
 * Runs npm's `script` under `node` with its output hidden. Resolves to the output; throws a SetupError that says what
 * was attempted and the likely cause when npm fails.
 */
export async function runNpm({ node, script, env, paths, cwd }, { args, what }, signal) {
  const { status, output } = await runHidden(
    node,
    ['--require', lifeline, script, ...args, ...quiet],
    { cwd, env: npmEnvironment(env, node, paths), what, signal },
  );
  // A file that npm could not write (disk full) is to npm a warning, and the broken tree a success.
  if (status !== 0 || output.includes('TAR_ENTRY_ERROR')) throw new SetupError(explainFailure(what, output));
  return output;
}

/** True where this npm works under this Node. */
export async function npmRuns({ node, script, env, paths }, signal) {
  const { status } = await runHidden(node, [script, '--version'], { cwd: paths.root, env: npmEnvironment(env, node, paths), signal });
  return status === 0;
}

/** npm keeps the proxy and authorities it was given; its cache moves into the checkout where HOME cannot be written. */
function npmEnvironment(env, node, paths) {
  const cache = env.npm_config_cache ?? env.NPM_CONFIG_CACHE ?? join(env.HOME ?? homedir(), '.npm');
  return {
    ...patience,
    ...env,
    PATH: [dirname(node), env.PATH].filter(Boolean).join(delimiter),
    NODE_COMPILE_CACHE: paths.compileCache,
    npm_config_cache: isWritable(cache) ? cache : paths.npmCache,
  };
}

/** A folder that does not exist yet is as writable as the nearest one above it that does. */
function isWritable(folder) {
  if (!existsSync(folder)) return dirname(folder) !== folder && isWritable(dirname(folder));
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false; // not ours, or on a read-only file system
  }
}
