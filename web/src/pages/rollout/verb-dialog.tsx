import { Button, NumberInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Rollout, RolloutVerb, VerbPreview } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActDialog, Answered, Icon, TableScroll, type Said } from '../../parts/index.ts';
import { count } from '../../words/index.ts';
import { Choice } from './choice.tsx';
import { groupsOf, useBadEnds, useWaiting } from './deployments.ts';
import { effectsOf, hitsManyWaves } from './effects.ts';
import { standingOf } from './standing.ts';
import { figureWords, lastWord, previewOf, plainSentence, verbName } from './verbs.ts';

type Props = {
  readonly rollout: Rollout;
  readonly verb: RolloutVerb;
  /** The revision that was on the page when it was opened. */
  readonly revision: number;
  readonly onClose: () => void;
  readonly onInstead: (verb: RolloutVerb) => void;
};

/** Named devices go into an address, which has an end. */
const namedMax = 20_000;
const dangerous: readonly RolloutVerb[] = ['roll_back', 'abort', 'deny'];
/** Devices that ended badly in a roll back stay as they are; the others may be tried again. */
const retryable: readonly string[] = ['failed', 'refused', 'timed_out'];

/** What a verb would do, why it is done, and the doing; whoever was slower than somebody else is told so and keeps what was typed. */
export function VerbDialog({ rollout, verb, revision, onClose, onInstead }: Props): ReactNode {
  const [cap, setCap] = useState(rollout.maxInFlight);
  const choice = useChoice(rollout, verb);
  const first = useFirstOfApp(rollout, verb === 'roll_back');
  const { previews, preview, devices, off, changed, doIt } = useVerb({ rollout, verb, revision, chosen: choice?.chosen, cap });
  const name = `${rollout.app} ${rollout.version}`;
  const danger = dangerous.includes(verb);
  const canPause = danger && previewOf(previews.data?.items, 'pause')?.possible === true;
  return (
    <ActDialog
      title={`${verbName(verb)}: ${name}`}
      sub={`${standingOf(rollout)}. This is a preview, nothing has been sent.`}
      act={lastWord(verb, devices)}
      danger={danger}
      typed={first || hitsManyWaves(verb, rollout) ? name : undefined}
      off={off}
      softer={canPause ? <Button variant="plain" onClick={() => onInstead('pause')}>Pause instead</Button> : undefined}
      onClose={onClose}
      onAct={doIt}
    >
      <Answered of={previews} what="what it would do" rows={2}>
        {() => <Effect rollout={rollout} verb={verb} preview={preview} devices={verb === 'set_cap' ? cap : devices} first={first} />}
      </Answered>
      {choice && <Choice groups={choice.groups} cut={choice.cut} chosen={choice.chosen} onChoose={choice.setChosen} />}
      {verb === 'set_cap' && <NumberInput className="rollout-cap" label="Devices at work at once" value={cap} min={1} max={10_000} allowDecimal={false} onChange={(next) => setCap(typeof next === 'number' ? next : 1)} />}
      {changed && <p className="note f-paused rollout-under" role="status">It has changed since you opened this; the numbers here are new.</p>}
    </ActDialog>
  );
}

type Asked = { readonly rollout: Rollout; readonly verb: RolloutVerb; readonly revision: number; readonly chosen: ReadonlySet<string> | undefined; readonly cap: number };

/** The preview of just these devices, and the act, on the revision that the person saw; one that was too late looks at the new one. */
function useVerb({ rollout: { id }, verb, revision, chosen, cap }: Asked) {
  const [pinned, setPinned] = useState(revision);
  const named = chosen === undefined ? '' : [...chosen].join(',');
  const asked = named === '' || named.length > namedMax ? {} : { query: { devices: named } };
  const previews = useAnswer('previewRollout', { params: { id }, ...asked }, { keep: true });
  const act = useAct('actOnRollout');
  const preview = previewOf(previews.data?.items, verb);
  const doIt = async (said: Said): Promise<unknown> => {
    try {
      return await act.mutateAsync({ params: { id }, ifMatch: pinned, body: bodyOf(verb, { said, devices: chosen && [...chosen], cap }) });
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'revision-stale') setPinned((await previews.refetch()).data?.revision ?? pinned);
      throw thrown;
    }
  };
  const off = chosen?.size === 0 ? 'Choose at least one device.' : named.length > namedMax ? 'More than can be named at once; choose fewer.' : preview?.possible === false ? plainSentence(preview.sentence) : undefined;
  return { previews, preview, devices: chosen?.size === 0 ? 0 : (preview?.devices ?? 0), off, changed: previews.data !== undefined && previews.data.revision !== pinned, doIt };
}

type Filled = { readonly said: Said; readonly devices: readonly string[] | undefined; readonly cap: number };

function bodyOf(verb: RolloutVerb, { said, devices = [], cap }: Filled): Parameters<ReturnType<typeof useAct<'actOnRollout'>>['mutateAsync']>[0]['body'] {
  if (verb === 'retry' || verb === 'exclude') return { verb, devices: [...devices], ...said };
  return verb === 'set_cap' ? { verb, maxInFlight: cap, ...said } : { verb, ...said };
}

/** For verbs that name devices: whom there is to choose from. A retry begins with all of them, an exclusion with nobody. */
function useChoice(rollout: Rollout, verb: RolloutVerb) {
  const [own, setChosen] = useState<ReadonlySet<string>>();
  const bad = useBadEnds(rollout);
  const waiting = useWaiting(rollout, verb === 'exclude');
  if (verb !== 'retry' && verb !== 'exclude') return undefined;
  const groups = groupsOf([...bad.items.filter(({ state }) => retryable.includes(state)), ...(verb === 'exclude' ? waiting.items : [])]);
  const all = verb === 'retry' ? groups.flatMap(({ devices }) => devices) : [];
  return { groups, cut: bad.cut || waiting.cut, chosen: own ?? new Set(all), setChosen };
}

/** Whether the app came with this rollout: no other release and no other rollout of it are known, so that there is nothing to go back to. */
function useFirstOfApp({ app }: Rollout, enabled: boolean): boolean {
  const releases = useAnswer('listReleases', { query: { app, limit: 2 } }, { enabled });
  const rollouts = useAnswer('listRollouts', { query: { app, limit: 2 } }, { enabled });
  return enabled && releases.data?.items.length === 1 && rollouts.data?.items.length === 1;
}

type EffectProps = { readonly rollout: Rollout; readonly verb: RolloutVerb; readonly first: boolean };

function Effect({ rollout, verb, preview, devices, first }: EffectProps & { preview: VerbPreview | undefined; devices: number }): ReactNode {
  const effects = effectsOf(verb, rollout);
  if (preview === undefined) return null;
  return (
    <>
      <p className="rollout-figures"><span className="figure">{count(devices)}</span> <span className="soft">{figureWords(verb, devices, first)}</span></p>
      {preview.possible && !first && <p className="dim">{plainSentence(preview.sentence)}</p>}
      {preview.possible && effects && <EffectTable rollout={rollout} verb={verb} first={first} />}
    </>
  );
}

function EffectTable({ rollout, verb, first }: EffectProps): ReactNode {
  const effects = effectsOf(verb, rollout);
  if (effects === undefined) return null;
  const sum = [...effects.waves, ...effects.rest].reduce((all, row) => all + row.count, 0);
  return (
    <TableScroll className="rollout-effects">
      <table className="table">
        <thead><tr><th>{verb === 'roll_back' ? 'Order' : 'Where'}</th><th className="end">Devices</th><th>What happens</th></tr></thead>
        <tbody>
          {effects.waves.map(({ n, count: hit }, index) => (
            <tr key={n}>
              <td>{verb === 'roll_back' ? `${index === 0 ? 'First' : 'Then'}, wave ${n}` : `Wave ${n}`}</td>
              <td className="end strong">{count(hit)}</td>
              <td>{hitWords(verb, hit, first)}</td>
            </tr>
          ))}
          {effects.rest.map(({ key, icon, family, who, count: n, says }) => (
            <tr key={key}>
              <td><span className={`rollout-who f-${family}`}><Icon name={icon} /> {who}</span></td>
              <td className="end">{count(n)}</td>
              <td className="dim">{says}</td>
            </tr>
          ))}
        </tbody>
        <tfoot><tr><td className="dim">All its devices</td><td className="end dim">{count(effects.total)}</td><td className="dim">in all</td></tr></tfoot>
      </table>
      {sum !== effects.total && <p className="note f-failed" role="alert"><span className="strong">These do not add up.</span> The rows count {count(sum)} of {count(effects.total)} devices.</p>}
    </TableScroll>
  );
}

function hitWords(verb: RolloutVerb, n: number, first: boolean): string {
  const one = n === 1;
  if (verb === 'roll_back') return first ? `${one ? 'loses' : 'lose'} the app, nothing ran before` : `${one ? 'goes' : 'go'} back to what ran before`;
  if (verb === 'abort' || verb === 'deny') return `${one ? 'is' : 'are'} left out, what runs stays`;
  return verb === 'pause' ? `${one ? 'waits' : 'wait'}; offers are taken back` : `${one ? 'is' : 'are'} offered it when ${one ? 'its' : 'their'} turn comes`;
}
