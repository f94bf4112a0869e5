import { nodePin } from './pins.mjs';
import { SetupError } from './say.mjs';

const supported = 'Linux on x64 or arm64 with glibc 2.28 or newer (macOS with a Node 24 of your own)';
const glibcMin = [2, 28];

/** What this machine is; the report's network part is left out, since it may wait for a name server. */
export function describeMachine() {
  let glibc;
  if (process.platform === 'linux') {
    process.report.excludeNetwork = true;
    glibc = process.report.getReport().header.glibcVersionRuntime;
  }
  return { platform: process.platform, arch: process.arch, glibc, node: process.versions.node };
}

/** Throws a SetupError that names what was found, where the machine is none that Pier runs on. */
export function checkMachine(machine) {
  const found = whatIsWrong(machine);
  if (found !== undefined) throw new SetupError(`this machine is ${found}; supported is ${supported}.`);
}

function whatIsWrong({ platform, arch, glibc, node }) {
  if (platform === 'darwin') return Number(node.split('.')[0]) < nodePin.major ? `macOS with Node ${node}` : undefined;
  if (platform !== 'linux') return `${platform} on ${arch}`;
  if (nodePin.packages[arch] === undefined) return `Linux on ${arch}`;
  if (glibc === undefined) return `Linux on ${arch} without glibc (musl?)`;
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  const tooOld = major < glibcMin[0] || (major === glibcMin[0] && minor < glibcMin[1]);
  return tooOld ? `Linux on ${arch} with glibc ${glibc}` : undefined;
}
