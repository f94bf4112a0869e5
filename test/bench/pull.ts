import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { parseArtifactManifest, registryClient } from '@pier/shared/oci';
import { openStore } from '../../agent/src/store/index.ts';
import { debianTool } from '../support/debian.ts';
import { type Pushed, type World, openWorld } from '../support/world.ts';
import { wat } from '../support/wat.ts';
import { type Row, summary } from './summary.ts';
import { timeInTurn, timeProgram } from './time-program.ts';

const runs = 5;
const sizeBytes = 50 << 20;

/** Pull, hash and durably store of 50 MB as the agent does it, beside `skopeo copy` of the same artifact from the same registry. */
export async function pull(): Promise<Row[]> {
  await using world = await openWorld();
  const pushed = await world.push({ app: 'large', version: '1.0.0', counter: 1, wasm: await largeModule() });
  const dir = mkdtempSync(join(tmpdir(), 'pier-bench-pull-'));
  try {
    const agent = () => pullOnce(world, pushed, dir);
    const times: { agent: number[]; skopeo?: number[] } = debianTool('skopeo') ? await timeInTurn(runs, { agent, skopeo: () => skopeo(world, pushed, dir) }) : await timeInTurn(runs, { agent });
    return [
      { name: 'pull, hash and store of 50 MB', unit: 'ms', values: times.agent },
      ...(times.skopeo === undefined ? [] : besideSkopeo(times.agent, times.skopeo)),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function besideSkopeo(agent: readonly number[], peer: readonly number[]): Row[] {
  return [
    { name: 'skopeo copy of the same, process start included', unit: 'ms', values: peer },
    { name: 'pull ÷ skopeo copy', unit: '×', values: [summary(agent).median / summary(peer).median] },
  ];
}

/** A valid module whose bytes nobody can compress: 50 MB in a custom section. */
async function largeModule(): Promise<Uint8Array> {
  const empty = await wat('(module)');
  const length = sizeBytes + 2;
  const leb = [0, 7, 14, 21, 28].map((shift, index) => ((length >>> shift) & 0x7f) | (index < 4 ? 0x80 : 0));
  return Buffer.concat([empty, Buffer.from([0, ...leb, 1, 0x78]), randomBytes(sizeBytes)]);
}

async function pullOnce(world: World, { repository, digest }: Pushed, dir: string): Promise<number> {
  const folder = join(dir, 'agent');
  rmSync(folder, { recursive: true, force: true });
  using store = await openStore(folder);
  const signal = AbortSignal.timeout(120_000);
  const { registry, ca } = await world.api.call('getAddresses', {});
  using client = registryClient({ origin: registry, tls: { ca }, basic: { ...world.manager.registryCredentials } });
  const fromNs = systemClock.monotonicNs();
  const manifest = await client.manifest(repository, digest, signal);
  const { layer } = parseArtifactManifest(manifest.bytes);
  await store.blobs.ingest(layer, client.blob(repository, layer, signal), signal);
  return Number(systemClock.monotonicNs() - fromNs) / 1e6;
}

function skopeo(world: World, pushed: Pushed, dir: string): Promise<number> {
  const [to, certificates] = [join(dir, 'copy'), join(dir, 'certificates')];
  rmSync(to, { recursive: true, force: true });
  mkdirSync(certificates, { recursive: true });
  copyFileSync(world.manager.ca, join(certificates, 'ca.crt'));
  const { user, password } = world.manager.registryCredentials;
  const from = `docker://${new URL(world.manager.registry).host}/${pushed.repository}@${pushed.digest}`;
  return timeProgram('skopeo', ['copy', '--quiet', '--src-cert-dir', certificates, '--src-creds', `${user}:${password}`, from, `dir:${to}`]);
}
