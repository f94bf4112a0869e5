import type { SentCommand } from '@pier/shared/api';
import { type Clock, type DeviceId, Fault, type Log, type Random, canonicalJson } from '@pier/shared/core';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { type Db, inTransaction, newId, storeAudit } from '../db/index.ts';
import { existingDevice, lockDevices, refuseNul } from '../device/index.ts';
import type { RequestOf } from '../http/index.ts';
import { answerWithinS, judgeSending, nextNumber } from './rules.ts';
import { addresseeOf, showCommand, storeSent } from './store.ts';

export type CommandDeps = { readonly db: Db; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly schedulerPem: string; readonly wake: () => void };

/**
 * Signs a command with the manager's own key and puts it into the outbox, with its row and its audit row. Whether the device
 * obeys is the device's to say: under a policy that does not list this key it refuses, and its answer says so.
 * Faults: `not-found`, and those of `judgeSending`.
 */
export async function sendCommand({ db, clock, random, log, schedulerPem, wake }: CommandDeps, { params, body: { verb, app, remark }, actor }: RequestOf<'commandApp'>): Promise<SentCommand> {
  const { device } = params;
  refuseNul('body: remark', remark ?? '');
  const row = await inTransaction(db, async (tx) => {
    // Its commands are numbered one after another, and counted.
    await lockDevices(tx, [device]);
    const { state } = await existingDevice(tx, device);
    const { previous, ...addressee } = await addresseeOf(tx, device, app);
    const verdict = judgeSending({ device, app, state, ...addressee });
    if (!verdict.ok) throw new Fault(verdict.refusal.code, verdict.refusal.reason);
    const nowMs = clock.nowMs();
    const number = nextNumber({ previous, nowMs });
    const id = newId({ prefix: 'cmd', clock, random });
    const payload = signed({ id, device, cmd: verb, args: { app }, ttl: answerWithinS, number }, schedulerPem);
    await storeAudit(tx, [{ actor: actor.name, action: 'command.sent', object: `device:${device}`, detail: { id, verb, app, remark: remark ?? null } }], nowMs);
    return storeSent(tx, { id, deviceId: device, verb, app, sentBy: actor.name, sentAt: new Date(number), deadlineAt: new Date(nowMs + answerWithinS * 1_000) }, payload);
  });
  log.debug({ id: row.id }, 'step.command-sent');
  wake();
  return showCommand(row);
}

type Signable = { readonly id: string; readonly device: DeviceId; readonly cmd: string; readonly args: { readonly app: string }; readonly ttl: number; readonly number: number };

function signed(command: Signable, privatePem: string): string {
  return JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload: canonicalJson(command), privatePem }));
}
