/** The command that would sign a policy like the one in force, and what of it the command cannot say. */
import type { PolicyDocument } from '@pier/shared/api';
import { shellWord } from '../../words/index.ts';

export type SignCommand = { readonly text: string; readonly lost: readonly string[] };

/** Key files are named after their keys, as `pier policy sign` names keys after their files. */
export function signCommand({ keys, scopes, unsignedCommands, approvals }: Pick<PolicyDocument, 'keys' | 'scopes' | 'unsignedCommands' | 'approvals'>): SignCommand {
  const files = (role: string): string => keys.filter((key) => key.role === role).map(({ name }) => ` --${role} ${shellWord(`${name}.pub`)}`).join('');
  const [only] = scopes;
  const scope = only === undefined || scopes.length > 1 ? '' : ` --scope ${shellWord(only.prefix)}`;
  const releases = keys.filter((key) => key.role === 'release').length;
  return {
    text: `pier policy sign --root root.key${files('release')}${files('operator')}${scope}${unsignedCommands === 'allow' ? ' --unsigned-commands allow' : ''} --out policy.json\npier policy push policy.json`,
    lost: [
      ...(scopes.length > 1 ? [`${scopes.length} scopes (it writes one)`] : []),
      ...(scopes.some(({ threshold }) => threshold > 1) ? ['more than one signature (it asks for one)'] : []),
      ...(scopes.some(({ keys: ids }) => ids.length < releases) ? ['release keys that count for some repositories only (it lets all count)'] : []),
      ...(scopes.some(({ capabilities }) => capabilities.length < 4) ? ['kinds that apps may not use (it allows all)'] : []),
      ...(approvals === null ? [] : ['approval by a second person']),
    ],
  };
}
