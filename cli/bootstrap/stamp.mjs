import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const files = ['package-lock.json', 'package.json', '.npmrc', 'cli/bootstrap/pins.mjs'];
const dependencyFields = ['name', 'version', 'workspaces', 'dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides', 'bin'];

/** What the packages of this checkout are made from: not its scripts or descriptions, which change without need of npm. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const file of files) if (file !== 'package.json') hash.update(readFileSync(join(root, file))).update('\0');
  for (const manifest of manifests(root)) {
    const content = JSON.parse(readFileSync(manifest, 'utf8'));
    hash.update(JSON.stringify(dependencyFields.map((field) => content[field])));
  }
  return hash.digest('hex');
}

/** True where the packages in node_modules are whole and made from what the checkout says now. */
export function isStamped(paths) {
  try {
    return JSON.parse(readFileSync(paths.stamp, 'utf8')).fingerprint === fingerprint(paths.root);
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return false;
    throw error;
  }
}

export function writeStamp(paths) {
  mkdirSync(paths.modules, { recursive: true });
  replaceFile(paths.stamp, JSON.stringify({ fingerprint: fingerprint(paths.root) }));
}

export function removeStamp(paths) {
  rmSync(paths.stamp, { force: true });
}

/**
 * Leaves for the launcher what it needs to skip us: which Node to run, and the bytes of all that set-up depends on,
 * which it compares without starting a Node. Silent where it cannot be written: the launcher then takes the long way.
 */
export function refreshLaunch(paths, node) {
  const bytes = Buffer.concat([...files.map((file) => join(paths.root, file)), ...manifests(paths.root).slice(1)].map((path) => readFileSync(path)));
  const own = node.startsWith(paths.own);
  const runtime = own ? `${relative(paths.root, node)}\nthe folder names its version\n` : `${node}\nv${process.versions.node}\n`;
  try {
    mkdirSync(paths.launch, { recursive: true });
    keepFile(join(paths.launch, 'inputs'), bytes);
    keepFile(join(paths.launch, 'node'), Buffer.from(runtime));
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS' && error.code !== 'EPERM') throw error;
  }
}

/** The root's manifest first, then one per folder in the order in which the launcher's pattern lists them. */
function manifests(root) {
  const folders = readdirSync(root).filter((name) => !name.startsWith('.'));
  folders.sort();
  return ['', ...folders].map((folder) => join(root, folder, 'package.json')).filter((path) => existsSync(path));
}

function keepFile(path, bytes) {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  replaceFile(path, bytes);
}

function replaceFile(path, content) {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, content);
  renameSync(beside, path);
}
