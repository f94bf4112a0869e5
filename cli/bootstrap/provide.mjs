// node cli/bootstrap/provide.mjs SPEC INTEGRITY FOLDER: puts one npm package, checked, at FOLDER, unless it is there. For
// builds that need a package of another architecture than the machine's own.
import { fileURLToPath } from 'node:url';
import { layout } from './layout.mjs';
import { findNpm } from './npm.mjs';
import { providePackageAlone } from './package-folder.mjs';
import { SetupError, say } from './say.mjs';

const [spec, integrity, folder] = process.argv.slice(2);

try {
  if (folder === undefined) throw new SetupError('usage: node cli/bootstrap/provide.mjs SPEC INTEGRITY FOLDER');
  const machines = { node: process.execPath, script: findNpm(process.env), env: process.env, paths: layout(fileURLToPath(new URL('../..', import.meta.url))) };
  await providePackageAlone(machines, { spec, integrity, folder }, new AbortController().signal);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
