import type { DeviceDetail, Why } from '@pier/shared/api';
import { output } from '../../session/index.ts';
import { boundTo } from '../binding.ts';
import { standingWords, troubleOf } from './standing.ts';

export const wordsOf = (tags: Readonly<Record<string, string>>): string => Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(' ');

export function showDevice(one: DeviceDetail, whys: readonly Why[]): void {
  output.said(`${one.id}  ${one.model}  ${standingWords[one.standing]}  ${one.online ? 'online' : `offline, last seen ${one.lastSeenAt ?? 'never'}`}  agent ${one.agent ?? '-'}  rev ${one.rev}`);
  const trouble = troubleOf(one);
  if (trouble !== undefined) output.said(trouble);
  if (one.name !== one.id) output.said(`name: ${one.name}`);
  if (Object.keys(one.tags).length > 0) output.said(`tags: ${wordsOf(one.tags)}`);
  if (one.reported?.desiredRefused) output.said(`refuses the newest desired document: ${one.reported.desiredRefused.code}: ${one.reported.desiredRefused.reason}`);
  section(['APP', 'RUNS', 'ATTEMPT', 'STATE', 'RESTARTS', 'HELD', 'CPU', 'MEMORY', 'REASON'], appRows(one));
  section(
    ['APP', 'NOT UPDATED BECAUSE', 'WHAT TO DO'],
    whys.filter((why) => !why.updated && why.code !== 'none-wanted').map((why) => [why.app, `${why.code}: ${why.sentence}`, why.remedy ?? '-']),
  );
  section(['APP', 'LABEL', 'BOUND TO'], Object.entries(one.bindings).flatMap(([app, bindings]) => Object.entries(bindings).map(([label, binding]) => [app, label, boundTo(binding)])));
  section(['APP', 'MAY'], Object.entries(one.permissions).flatMap(([app, sentences]) => sentences.map((sentence) => [app, sentence])));
  section(['ROLLOUT', 'APP', 'WAVE', 'STATE', 'REASON'], one.deployments.slice(0, 10).map((row) => [row.rollout, row.app, String(row.wave), row.state, row.reason ? `${row.reason.code}: ${row.reason.reason}` : '']));
  section(['REFUSED AT', 'WHAT', 'APP', 'CODE', 'WHY'], one.refusals.slice(0, 10).map((row) => [row.at, row.type, row.app ?? '-', row.code, row.reason]));
}

function appRows(one: DeviceDetail): string[][] {
  return Object.entries(one.reported?.apps ?? {}).map(([name, app]) => {
    const used = one.usage[name as keyof typeof one.usage];
    return [
      name,
      app.running?.version ?? '-',
      String(app.attempt ?? '-'),
      app.state ?? '-',
      String(app.running?.restarts ?? 0),
      app.hold ? `${app.hold.kind} by ${app.hold.by}` : '-',
      used ? `${(used.cpuMs / 1_000).toFixed(1)} s` : '-',
      used ? `${(used.memoryBytes / (1 << 20)).toFixed(1)} MiB` : '-',
      app.reason ? `${app.reason.code}: ${app.reason.reason}` : '',
    ];
  });
}

function section(head: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  output.line('');
  output.table(head, rows);
}

/** The chain of checks as far as it was gone, the one that holds it up marked. */
export function showWhy(one: Why, isAway: boolean): void {
  const runs = isAway ? 'ran, when last heard,' : 'runs';
  output.said(`${one.device} ${one.app}: ${one.updated ? `${runs} ${one.running ?? 'what is wanted'}, proven` : `wants ${one.wanted ?? 'nothing'}, ${runs} ${one.running ?? 'nothing'}`}`);
  if (!one.updated) output.said(`${one.code}: ${one.sentence}`);
  for (const { check, verdict, evidence } of one.checks) if (verdict !== 'not_reached') output.said(`  ${verdict === 'passed' ? 'ok ' : '-->'} ${check}: ${evidence}`);
  if (one.remedy !== null && !one.updated) output.said(`what to do: ${one.remedy}`);
}
