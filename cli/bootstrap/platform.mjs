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
export function checkMachine({ platform, arch, glibc, node }) {
  const refuse = (found) => {
    throw new SetupError(`this machine is ${found}; supported is ${supported}.`);
  };
  if (platform === 'darwin') {
    if (Number(node.split('.')[0]) < 24) refuse(`macOS with Node ${node}`);
    return;
  }
  if (platform !== 'linux') refuse(`${platform} on ${arch}`);
  if (arch !== 'x64' && arch !== 'arm64') refuse(`Linux on ${arch}`);
  if (glibc === undefined) refuse(`Linux on ${arch} without glibc (musl?)`);
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  const tooOld = major < glibcMin[0] || (major === glibcMin[0] && minor < glibcMin[1]);
  if (tooOld) refuse(`Linux on ${arch} with glibc ${glibc}`);
}
