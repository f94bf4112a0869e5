/** A new rollout, on one page: what, to whom, in which waves; beside it what that would do. Nothing is sent before it is started. */
import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import type { Forecast, RolloutPlan } from '@pier/shared/api';
import type { Fault } from '@pier/shared/core';
import { useAnswer, useWhyNot } from '../../api/index.ts';
import { ActButton, ActDialog, Answered, Command, PageHead, Region } from '../../parts/index.ts';
import { capital, clockSeconds, counted } from '../../words/index.ts';
import { commandOf } from './command.ts';
import { DevicesSection } from './devices-section.tsx';
import { ForecastPanel } from './forecast-panel.tsx';
import { fieldWords } from './field-words.ts';
import type { Read } from './form.ts';
import { ReleaseSection } from './release-section.tsx';
import { RightsPanel } from './rights-panel.tsx';
import { StartDialog } from './start-dialog.tsx';
import { useForm } from './use-form.ts';
import { usePlan } from './use-named.ts';
import { useSettled } from './use-settled.ts';
import { WavesSection } from './waves-section.tsx';
import './new-rollout.css';

/** Stands in the question while there is no plan to ask about; it is not asked then. */
const noPlan = { release: '-', selector: 'all' } as const;

export default function NewRolloutPage(): ReactNode {
  const state = useForm();
  const { form, change, discard, savedMs } = state;
  const [open, setOpen] = useState<'start' | 'discard'>();
  const [, go] = useLocation();
  const viewer = useWhyNot('operator');
  const { read, named } = usePlan(form);
  const wrong = read.ok ? [] : read.wrong;
  const asked = useForecast(read, viewer === undefined);
  const { forecast, fresh } = asked;
  const off = viewer ?? whyNotYet(read, asked);
  const verb = forecast?.needsApproval ? 'Ask for approval for' : 'Start for';
  return (
    <>
      <PageHead title="New rollout" beside={<span className="soft">Nothing is sent before you start it</span>} acts={
        <>
          {savedMs !== undefined && <span className="small dim">Draft kept {clockSeconds(savedMs)}</span>}
          <Button variant="plain" onClick={() => (savedMs === undefined ? discard() : setOpen('discard'))}>Discard…</Button>
          <ActButton variant="primary" icon={forecast?.needsApproval ? 'user-check' : 'play'} off={off} onClick={() => setOpen('start')}>{forecast && fresh ? `${verb} ${counted(forecast.devices, 'device')}…` : 'Start…'}</ActButton>
        </>
      } />
      <div className="columns">
        <div className="columns-main">
          <ReleaseSection form={form} change={change} />
          <DevicesSection form={form} change={change} wrong={wrong} named={named} />
          <WavesSection form={form} change={change} wrong={wrong} forecast={forecast} />
          <Equal read={read} />
        </div>
        <div className="columns-side">
          <Beside viewer={viewer} read={read} asked={asked} />
          {form.release !== '' && <RightsPanel release={form.release} />}
        </div>
      </div>
      {open === 'discard' && <ActDialog title="Discard the draft" sub="What was typed here is lost. Nothing was sent." act="Discard the draft" asksWhy={false} onClose={() => setOpen(undefined)} onAct={async () => discard()} />}
      {open === 'start' && read.ok && forecast && <StartDialog plan={read.plan} forecast={forecast} onClose={() => setOpen(undefined)} onStarted={({ id }) => { discard(); go(`/rollouts/${id}`); }} />}
    </>
  );
}

type Asked = ReturnType<typeof useForecast>;

/** The forecast of the plan, once the hand rests; asked again every ten seconds, for devices come and go. */
function useForecast(read: Read, may: boolean) {
  const now = read.ok ? JSON.stringify(read.plan) : '';
  const settled = useSettled(now, 400);
  const plan = settled === '' ? undefined : (JSON.parse(settled) as RolloutPlan);
  const query = useAnswer('forecastRollout', { body: plan ?? noPlan }, { enabled: may && plan !== undefined, keep: true, everyMs: 10_000 });
  const forecast: Forecast | undefined = read.ok && !query.error ? query.data : undefined;
  return { query, forecast, fresh: now === settled && !query.isPlaceholderData && forecast !== undefined };
}

/** Why it cannot be started yet, in the order in which one would mend it. */
function whyNotYet(read: Read, { query, forecast, fresh }: Asked): string | undefined {
  if (!read.ok) return read.wrong.map(({ field, says }) => `${fieldWords(field)}: ${says}`)[0];
  if (query.error) return 'See the forecast for what stands in the way.';
  if (!fresh) return 'The forecast is being made.';
  return forecast?.devices === 0 ? 'No device would get it.' : undefined;
}

function Beside({ viewer, read, asked: { query, forecast, fresh } }: { viewer: string | undefined; read: Read; asked: Asked }): ReactNode {
  if (viewer !== undefined) return <Region title="Forecast"><p className="dim">{viewer}</p></Region>;
  if (!read.ok) return <Region title="Forecast"><p className="dim">It stands here as soon as there is a release and somebody to get it. To be said yet:</p><ul className="rows">{read.wrong.map(({ field, says }) => <li key={field}><span className="strong">{fieldWords(field)}</span> {says}</li>)}</ul></Region>;
  if (query.error && isRefusal(query.error)) return <Region title="Forecast"><Refused fault={query.error} /></Region>;
  if (forecast) return <ForecastPanel forecast={forecast} atMs={query.dataUpdatedAt} stale={!fresh} />;
  return <Region title="Forecast"><Answered of={query} what="the forecast" rows={5}>{() => null}</Answered></Region>;
}

/** An answer that says no, and not one that did not come. */
function isRefusal({ code }: Fault): boolean {
  return !['unreachable', 'internal', 'timed-out', 'too-many-requests'].includes(code);
}

function Refused({ fault }: { fault: Fault }): ReactNode {
  return <p className="note f-refused" role="alert"><span className="strong">It could not be started so.</span> {capital(fault.message)}. <code>{fault.code}</code></p>;
}

/** The command that does the same. */
function Equal({ read }: { read: Read }): ReactNode {
  if (!read.ok) return null;
  const command = commandOf(read.plan);
  return <Region title="The same as a command">{'text' in command ? <Command text={command.text} label="The same as a command" /> : <p className="dim">{command.says}</p>}</Region>;
}
