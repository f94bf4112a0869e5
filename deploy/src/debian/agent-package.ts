import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { check, parseJson } from '@pier/shared/core';
import type { Arch, Bundle } from '../bundle/index.ts';
import { type Package, type PackedFile, debianNames } from './package.ts';

const place = 'usr/lib/pier/agent';
const files = fileURLToPath(new URL('files/', import.meta.url));
const own = (name: string): Uint8Array => readFileSync(join(files, name));

/** The bundle with the native parts of one architecture, the command, the unit, and what puts them in place and takes them away. */
export function agentPackage({ bundle, arch }: { readonly bundle: Bundle; readonly arch: Arch }): Package {
  const kept = bundle.files.map(({ path }) => path).filter((path) => isFor(path, arch));
  return {
    name: 'pier-agent',
    version: bundle.version,
    arch: debianNames[arch],
    // The addon that waits for edges is compiled here, against the libc of Debian 12; Node itself is content with an older one.
    depends: 'pier-runtime (>= 24), libc6 (>= 2.34), passwd, util-linux',
    description: 'Pier agent: runs signed WebAssembly apps on this board\n The agent of a fleet that a Pier manager looks after. It fetches signed apps and\n runs them in a sandbox, with the pins and ports that the fleet\'s owner gives them.',
    files: new Map<string, PackedFile>([
      ...kept.map((path): [string, PackedFile] => [`${place}/${path}`, packed(bundle, path, arch)]),
      ['usr/share/doc/pier-agent/copyright', { from: readFileSync(join(bundle.dir, 'LICENSES.txt')), mode: 0o644 }],
      ['usr/bin/pier-agent', { from: own('pier-agent.sh'), mode: 0o755 }],
      ['usr/lib/systemd/system/pier-agent.service', { from: own('pier-agent.service'), mode: 0o644 }],
      ['usr/lib/udev/rules.d/60-pier-agent.rules', { from: own('60-pier-agent.rules'), mode: 0o644 }],
      ['usr/share/pier-agent/agent.conf', { from: own('agent.conf'), mode: 0o644 }],
    ]),
    scripts: new Map(['postinst', 'prerm', 'postrm'].map((name) => [name, own(name)])),
    triggers: own('triggers'),
  };
}

const isFor = (path: string, arch: Arch): boolean => !path.startsWith('native/') || path.startsWith(`native/linux-${arch}/`);

const Manifest = z.looseObject({ files: z.record(z.string(), z.string()) });

/** The bundle's list of its files names those that the package has. */
function packed({ dir }: Bundle, path: string, arch: Arch): PackedFile {
  const from = join(dir, path);
  if (path !== 'bundle.json') return { from, mode: path === 'pier-agent' ? 0o755 : 0o644 };
  const manifest = check(Manifest, parseJson(readFileSync(from), { what: from }), { what: from });
  const listed = Object.fromEntries(Object.entries(manifest.files).filter(([name]) => isFor(name, arch)));
  return { from: Buffer.from(`${JSON.stringify({ ...manifest, files: listed }, null, 1)}\n`), mode: 0o644 };
}
