import { createHash } from 'node:crypto';
import type { NativePart } from './native.ts';
import type { Pinned } from './packages.ts';

export type SbomRequest = { readonly version: string; readonly license: string; readonly packages: readonly Pinned[]; readonly natives: readonly (NativePart & { readonly sha256: string })[] };

/** What is in the bundle, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). The same bundle gives the same document: it has no time, and its number is made of what it says. */
export function sbomOf({ version, license, packages, natives }: SbomRequest): object {
  const components = packages.map((one) => ({ ...componentOf(one), ...nativeOf(natives.filter(({ from }) => from.place === one.place)) }));
  const ref = `pier-agent@${version}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: { 'type': 'application', 'bom-ref': ref, 'name': 'pier-agent', version, ...licensed(license) } },
    components,
    dependencies: [{ ref, dependsOn: components.map((one) => one['bom-ref']) }],
  };
  return { $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', serialNumber: `urn:uuid:${uuidOf(JSON.stringify(document))}`, ...document };
}

function componentOf({ name, version, license, integrity, place }: Pinned) {
  const [group, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${group === undefined ? '' : `${encodeURIComponent(group)}/`}${bare}@${version}`;
  return {
    type: 'library',
    // A package may be there twice, in two folders.
    'bom-ref': place,
    ...(group === undefined ? {} : { group }),
    name: bare,
    version,
    ...licensed(license),
    purl,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') }],
  };
}

const nativeOf = (parts: readonly { readonly path: string; readonly sha256: string }[]): object =>
  parts.length === 0 ? {} : { components: parts.map(({ path, sha256 }) => ({ 'type': 'file', 'bom-ref': path, 'name': path, 'hashes': [{ alg: 'SHA-256', content: sha256 }] })) };

/** One identifier, or an expression of several (https://spdx.org/licenses/). */
const licensed = (license: string): object => ({ licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }] });

/** A UUID of version 8 (RFC 9562, 5.8) made of a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
