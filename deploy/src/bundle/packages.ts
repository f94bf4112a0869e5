import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Metafile } from 'esbuild';
import { Fault, check, parseJson } from '@pier/shared/core';

const Lockfile = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional(), license: z.string().optional() })) });
const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** One npm package as the lockfile pins it; `place` is its folder from the root on. */
export type Pinned = { readonly name: string; readonly version: string; readonly license: string; readonly integrity: string; readonly place: string };

export type Pins = { pinned(place: string): Pinned };

/** What the lockfile says of the packages below node_modules. Faults: `input-invalid` for one that it does not pin. */
export function readPins(root: string): Pins {
  const { packages } = check(Lockfile, parseJson(readFileSync(join(root, 'package-lock.json')), { what: 'package-lock.json', sizeBytesMax: lockBytesMax }), { what: 'package-lock.json' });
  return {
    pinned: (place) => {
      const { version, integrity, license } = packages[place] ?? {};
      if (version === undefined || integrity === undefined) throw new Fault('input-invalid', `package-lock.json does not pin ${place}`);
      return { name: place.slice(place.lastIndexOf(modules) + modules.length), version, integrity, license: license ?? licenseOf(join(root, place)), place };
    },
  };
}
const lockBytesMax = 16 << 20;
const modules = 'node_modules/';

/** A lockfile of npm leaves the licence out where a package says it in an older form. */
function licenseOf(folder: string): string {
  return check(Manifest, parseJson(readFileSync(join(folder, 'package.json')), { what: `${folder}/package.json` }), { what: `${folder}/package.json` }).license;
}

/** Name and version of one of our own packages. */
export function ownManifest(root: string, name: string): z.infer<typeof Manifest> {
  const path = join(root, name, 'package.json');
  return check(Manifest, parseJson(readFileSync(path), { what: path }), { what: path });
}

/** Folders of the npm packages of which at least a byte is in the bundle, sorted. */
export function placesIn({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const places = inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? (/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []) : []));
  return [...new Set(places)].sort();
}

/** The texts of a package's licence, and of what it asks to be passed on with it. None where npm has not installed it: a native part for another architecture. */
export function licenseTexts(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name) && !/\.[jt]s$/.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim());
}
