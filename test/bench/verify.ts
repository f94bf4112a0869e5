import { systemClock } from '@pier/shared/core';
import { judgeArtifact } from '@pier/shared/signing';
import { evidenceOf, signedBy, toyArtifact, toyWorld } from '../../shared/src/signing/toy-artifact.ts';
import type { Row } from './summary.ts';

const runs = 101;

/** The verdict on a signed artifact in a process that runs already: manifest, config, signature and policy in memory. */
export async function verify(): Promise<Row[]> {
  const world = toyWorld();
  const artifact = toyArtifact();
  const evidence = evidenceOf(world, { artifact, candidates: [signedBy(world.release, artifact)] });
  const values: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const fromNs = systemClock.monotonicNs();
    const verdict = judgeArtifact(evidence);
    values.push(Number(systemClock.monotonicNs() - fromNs) / 1e6);
    if (!verdict.ok) throw new Error(verdict.refusal.reason);
  }
  return [{ name: 'verify a signed artifact, in a running process', unit: 'ms', values }];
}
