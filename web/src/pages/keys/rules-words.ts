/** What the settings of a policy mean for who may do what. */
import type { PolicyDocument } from '@pier/shared/api';
import { counted } from '../../words/index.ts';

export type Rule = { readonly setting: string; readonly value: string; readonly means: string };

const meanings: Readonly<Record<'bindings' | 'permits' | 'unsignedCommands', Readonly<Record<string, string>>>> = {
  bindings: { manager: 'Operators of this manager say which pin or port an app gets, without a key of their own. Who breaks into the manager can say so too.' },
  permits: { optional: 'A rollout needs no signature of a person: the manager starts it, among releases that are signed.' },
  unsignedCommands: {
    readOnly: 'Typed without a key, only verbs that read work. Those that change something need an operator key; start, stop and restart of an app also go from here.',
    allow: 'Every verb works without a signature for whoever holds an operator’s MQTT certificate. Meant for boards on a desk.',
  },
};
const unknown = 'This page does not know this setting; the manager and the devices do.';

export function rulesOf({ bindings, permits, unsignedCommands, approvals }: Pick<PolicyDocument, 'bindings' | 'permits' | 'unsignedCommands' | 'approvals'>): readonly Rule[] {
  const rule = (setting: keyof typeof meanings, value: string): Rule => ({ setting, value, means: (Object.hasOwn(meanings[setting], value) ? meanings[setting][value] : undefined) ?? unknown });
  return [
    rule('bindings', bindings),
    rule('permits', permits),
    rule('unsignedCommands', unsignedCommands),
    approvals === null
      ? { setting: 'approvals', value: 'none', means: 'No rollout waits for a second person, however many devices it goes to.' }
      : { setting: 'approvals', value: `above ${approvals.above}`, means: approvals.above === 0 ? 'Every rollout waits until a second person approves it.' : `A rollout to more than ${counted(approvals.above, 'device')} waits until a second person approves it.` },
  ];
}
