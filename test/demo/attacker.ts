/**
 * Somebody who has broken into the manager's machine: he owns the broker through a manager certificate that he makes with
 * the stolen CA key, and he holds the stolen scheduler key. He has no release, policy or operator key: those were never there.
 *   attacker.ts unsigned|forged FILE       FILE: {"authority":DIR,"mqtt":URL,"desired":{…}}
 */
import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { canonicalJson } from '@pier/shared/core';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { topics } from '@pier/shared/wire';
import { stolenIdentity, stolenSchedulerKey } from '../support/stolen.ts';

type Plan = { readonly authority: string; readonly mqtt: string; readonly desired: { readonly device: string } };

const [mode, file = ''] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
const identity = await stolenIdentity(plan.authority, 'manager:attacker');
const payload = canonicalJson(plan.desired);
const message = mode === 'forged' ? JSON.stringify(signEnvelope({ payloadType: payloadTypes.desired, payload, privatePem: stolenSchedulerKey(plan.authority) })) : payload;

const client = await connectAsync(plan.mqtt, { ...identity, protocolVersion: 4, clean: true, reconnectPeriod: 0, connectTimeout: 10_000 }, false);
await client.publishAsync(topics.desired.of({ device: plan.desired.device }), message, { qos: 1 });
await client.endAsync();
