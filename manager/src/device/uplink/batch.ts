/** A batch of messages, by kind, each kind in its own transaction. What cannot be read or stored is counted and let go. */
import { Fault, toFault } from '@pier/shared/core';
import { type Taken, apart } from './apart.ts';
import { type Heard, type Uplink, readUplink } from './read.ts';
import { standingsOf } from '../store.ts';
import { type Behind, type IngestDeps, type Intake, bringUpToDate, takeCommandStates, takeEvents, takeLog, takePresences, takeReports, takeTelemetry } from './take.ts';

export type Outcome = Taken | 'malformed';
export type Waiting = { readonly uplink: Uplink; readonly atMs: number };

/** Out: what became of each message, in no order. */
export async function takeBatch(batch: readonly Waiting[], deps: Intake): Promise<Outcome[]> {
  const out: Outcome[] = [];
  const heard: Heard[] = [];
  for (const one of batch) {
    const read = readOne(one, deps);
    if (typeof read === 'string') out.push(read);
    else heard.push(read);
  }
  try {
    out.push(...(await takeHeard(heard, deps)));
  } catch (error) {
    failed(heard, error, deps);
    out.push(...heard.map(() => 'failed' as const));
  }
  return out;
}

function readOne({ uplink, atMs }: Waiting, { log }: IngestDeps): Heard | 'malformed' | 'foreign' {
  const topic = uplink.topic.slice(0, 256);
  try {
    const heard = readUplink(uplink, atMs);
    if (heard) return heard;
    log.warn({ topic, from: uplink.from }, 'uplink.foreign');
    return 'foreign';
  } catch (thrown) {
    const fault = toFault(thrown);
    log.warn({ topic, code: fault.code, why: fault.message.slice(0, 300) }, 'uplink.malformed');
    return 'malformed';
  }
}

async function takeHeard(heard: readonly Heard[], deps: Intake): Promise<Outcome[]> {
  const of = <K extends Heard['kind']>(kind: K): Extract<Heard, { kind: K }>[] => heard.filter((one): one is Extract<Heard, { kind: K }> => one.kind === kind);
  // Reports are judged by what stands under their devices' locks, pins by nothing.
  const judged = heard.filter(({ kind }) => kind !== 'reported' && kind !== 'pins').map(({ device }) => device);
  const standings = await standingsOf(deps.db, [...new Set(judged)]);
  const behind: Behind[] = [];
  const about = { standings, behind, deps };
  const on = { lost: (items: readonly { readonly device: string }[], error: unknown) => failed(items, error, deps), whole: isNobodysFault };
  const out: Outcome[] = [...(await apart(of('presence'), (some) => takePresences(some, about), on))];
  // A device that this fails for asks again with its next heartbeat.
  await apart(behind, (some) => bringUpToDate(some, deps), on);
  out.push(...(await apart(of('reported'), (some) => takeReports(some, deps), on)));
  out.push(...(await apart(of('event'), (some) => takeEvents(some, about), on)));
  out.push(...(await apart(of('commandState'), (some) => takeCommandStates(some, about), on)));
  out.push(...of('log').map((one) => takeLog(one, about)));
  out.push(...(await apart(of('telemetry'), (some) => takeTelemetry(some, about), on)));
  for (const { device, value } of of('pins')) deps.pins.take(device, value);
  return [...out, ...of('pins').map(() => 'taken' as const)];
}

function failed(items: readonly { readonly device: string }[], error: unknown, { log }: IngestDeps): void {
  const { code, message } = toFault(error);
  log.error({ devices: items.length, device: items[0]?.device, code, why: message.slice(0, 300), cause: causeOf(error).slice(0, 300) }, 'uplink.failed');
}

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
}

/** Failures of the database itself, by SQLSTATE class (PostgreSQL, appendix A): connection, resources, operator's intervention, system; or no answer at all. */
function isNobodysFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && /^(?:08|53|57|58)...$/.test(String(cause.code))) return true;
    if (cause instanceof Fault ? cause.code === 'unreachable' : toFault(cause).code === 'unreachable') return true;
    if (/timeout exceeded when trying to connect|Connection terminated/.test(cause.message)) return true;
  }
  return false;
}
