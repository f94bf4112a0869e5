import { NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet, Release } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Empty, Moment, Region, StateMark } from '../../parts/index.ts';
import { bytes, count, counted, releaseWords } from '../../words/index.ts';
import type { FormState } from './use-form.ts';

/** Releases that the policy accepts, by app, the newest first. */
export function ReleaseSection({ form, change }: Pick<FormState, 'form' | 'change'>): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 500 } });
  return (
    <Region title={<><span className="new-rollout-n" aria-hidden="true">1</span>Release</>} note="What will run">
      <Answered of={releases} what="the list of releases" rows={1}>
        {({ items }) => {
          const verified = items.filter(({ state }) => state === 'verified').toSorted((a, b) => b.counter - a.counter);
          const chosen = items.find(({ id }) => id === form.release);
          if (verified.length === 0) return <Empty says="There is no release that the policy accepts." more="A release is made of a signed artifact in a registry."><Link href="/releases">Releases</Link></Empty>;
          const groups = [...Map.groupBy(verified, ({ app }) => app)].toSorted(([a], [b]) => a.localeCompare(b)).map(([app, of]) => ({ group: app, items: of.map(({ id, version, sizeBytes }) => ({ value: id, label: `${app} ${version}, ${bytes(sizeBytes)}` })) }));
          return (
            <div className="new-rollout-row">
              <NativeSelect aria-label="Release" value={chosen?.id ?? ''} onChange={({ currentTarget }) => change({ release: currentTarget.value })} data={[{ value: '', label: 'Choose a release' }, ...groups]} />
              {chosen && <ReleaseFacts release={chosen} />}
              {form.release !== '' && !chosen && <span className="new-rollout-wrong" role="alert">There is no release <code>{form.release}</code> among the newest 500.</span>}
            </div>
          );
        }}
      </Answered>
    </Region>
  );
}

function ReleaseFacts({ release }: { release: Release }): ReactNode {
  const { state, signedBy, sizeBytes, app, version, createdAt } = release;
  const fleet = useAnswer('getFleet', {});
  const replaced = fleet.data && replacedBy(release, fleet.data);
  return (
    <>
      <StateMark state={releaseWords[state]} says={state === 'verified' ? `Signed by ${counted(signedBy.length, 'key')}` : releaseWords[state].word} />
      <span className="dim"><Link href={`/releases/${release.id}`}>{app} {version}</Link>, {bytes(sizeBytes)}, made <Moment at={createdAt} />{replaced && <>; {count(replaced.devices)} of {counted(replaced.of, 'device')} with {app} {replaced.devices === 1 ? 'runs' : 'run'} {replaced.version}</>}</span>
    </>
  );
}

/** The version that most devices run of this app, beside its own. */
export function replacedBy({ app, version }: Pick<Release, 'app' | 'version'>, fleet: Pick<Fleet, 'apps'>): { version: string; devices: number; of: number } | undefined {
  const runs = fleet.apps.find((one) => one.app === app);
  const most = runs?.versions.filter((one) => one.version !== version).toSorted((a, b) => b.devices - a.devices)[0];
  return runs && most && { ...most, of: runs.devices };
}
