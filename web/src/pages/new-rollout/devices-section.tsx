import { Radio, Textarea } from '@mantine/core';
import { type ReactNode, useMemo, useRef } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/index.ts';
import { QueryBar, Region } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { capital, count, counted } from '../../words/index.ts';
import { wrongAt } from './fields.tsx';
import { type Wrong, idsOf, wrongSelector } from './form.ts';
import type { Named as NamedDevices } from './named.ts';
import type { FormState } from './use-form.ts';
import { useSettled } from './use-settled.ts';

type Props = Pick<FormState, 'form' | 'change'> & { readonly wrong: readonly Wrong[] };

/** Who gets it: all, those of a query, or those that are named. */
export function DevicesSection({ form, change, wrong, named }: Props & { readonly named: NamedDevices | undefined }): ReactNode {
  const note = form.who !== 'devices' && form.mode === 'dynamic' ? 'Who gets it; later ones join' : 'Who gets it; the list is fixed at the start';
  return (
    <Region title={<><span className="new-rollout-n" aria-hidden="true">2</span>Devices</>} note={note}>
      <Radio.Group aria-label="Who gets it" value={form.who} onChange={(who) => change({ who })}>
        <div className="new-rollout-radios">
          <Radio size="xs" value="selector" label="Those of a query" /><Radio size="xs" value="devices" label="Named devices" /><Radio size="xs" value="all" label="All devices" />
        </div>
      </Radio.Group>
      {form.who === 'devices' ? <Named form={form} change={change} wrong={wrong} named={named} /> : <Matching form={form} change={change} />}
    </Region>
  );
}

function Matching({ form, change }: Pick<Props, 'form' | 'change'>): ReactNode {
  const typed = form.who === 'all' ? 'all' : form.selector.trim();
  const selector = useSettled(typed, 300);
  const enabled = wrongSelector(selector) === undefined;
  const counted_ = useAnswer('countDevices', { query: { selector } }, { enabled, keep: true });
  const fleet = useAnswer('getFleet', {});
  const some = useAnswer('listDevices', { query: { selector, limit: 3 } }, { enabled, keep: true });
  const input = useRef<HTMLInputElement>(null);
  useShortcuts(useMemo(() => [{ keys: '/', does: 'Type a condition', act: () => input.current?.focus() }], []));
  const sites = fleet.data?.sites.flatMap(({ site }) => (site === null || !/^[\w.:/@+-]+$/.test(site) ? [] : [`site=${site}`])) ?? [];
  const counts = enabled && counted_.data && fleet.data ? { matched: counted_.data.total, total: fleet.data.total } : undefined;
  return (
    <>
      {form.who === 'selector' && <QueryBar label="Devices" inputRef={input} hint="/" placeholder="a condition such as site=harbour" value={form.selector} onChange={(next) => change({ selector: next })} count={counts} suggest={sites} {...(enabled && counted_.error && { fault: counted_.error })} />}
      {form.who === 'selector' && typed === '' && <p className="small dim">Nobody is chosen yet. A condition is such as <code>site=harbour</code>; see what tags devices have in <Link href="/devices">Devices</Link>.</p>}
      {enabled && counts && some.data && (
        <p className="small new-rollout-sample" aria-live="polite">
          <span><span className="strong">{count(counts.matched)}</span> of {counted(counts.total, 'device')} {counts.matched === 1 ? 'matches' : 'match'} now</span>
          {some.data.items.length > 0 && <span className="dim">for example {some.data.items.map(({ id, name }) => <Link key={id} href={`/devices/${id}`}>{name}</Link>)}</span>}
        </p>
      )}
      <Radio.Group aria-label="Devices that match later" value={form.mode} onChange={(mode) => change({ mode })}>
        <div className="new-rollout-radios"><Radio size="xs" value="static" label="Fixed list" /><Radio size="xs" value="dynamic" label="Devices that match later join, also after its end" /></div>
      </Radio.Group>
    </>
  );
}

function Named({ form, change, wrong, named }: Props & { readonly named: NamedDevices | undefined }): ReactNode {
  const ids = named?.ids ?? idsOf(form.devices);
  // While names are being looked up nothing is wrong with them.
  const says = named === undefined ? undefined : wrongAt(wrong, 'devices');
  return (
    <>
      <Textarea label="Ids or names of devices, parted by commas or lines" value={form.devices} onChange={({ currentTarget }) => change({ devices: currentTarget.value })} rows={2} error={says === undefined ? undefined : capital(says)} classNames={{ input: 'mono' }} spellCheck={false} />
      <p className="small dim">{counted(ids.length, 'device')} named{ids.length > 0 && <>: {ids.slice(0, 5).map((id) => <Link key={id} href={`/devices/${id}`} className="new-rollout-id">{id}</Link>)}{ids.length > 5 && ` and ${count(ids.length - 5)} more`}</>}</p>
      {named !== undefined && named.byName.length > 0 && <p className="small dim" role="status">{named.byName.map(({ id, name }) => `${name} is ${id}`).join(', ')}.</p>}
    </>
  );
}
