import { join } from 'node:path';
import { type Pinned, licenseTexts } from './packages.ts';

const rule = '='.repeat(100);

/** The licences of all that is in the bundle, Pier's own first; each text once, below the names of all that it covers. */
export function licensesOf({ root, version, license, packages }: { readonly root: string; readonly version: string; readonly license: string; readonly packages: readonly Pinned[] }): string {
  const covered = new Map<string, string[]>();
  const cover = (who: string, text: string): void => void covered.set(text, [...(covered.get(text) ?? []), who]);
  cover(`pier-agent ${version} (${license})`, licenseTexts(root).join('\n\n'));
  for (const { name, version: of, license: id, place } of packages) {
    cover(`${name} ${of} (${id})`, licenseTexts(join(root, place)).join('\n\n') || `The package names its licence, ${id}, and brings no text of it.`);
  }
  return [...covered].map(([text, names]) => `${rule}\n${[...new Set(names)].join('\n')}\n${rule}\n\n${text}\n`).join('\n');
}
