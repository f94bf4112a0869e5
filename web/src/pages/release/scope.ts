/** How a policy covers a release, for people to read: each device works it out for itself from what is signed. */
import type { PolicyDocument, Release } from '@pier/shared/api';

type Scope = PolicyDocument['scopes'][number];

/** What the policy calls a repository of the manager's own registry. */
export function policyName({ repository }: Pick<Release, 'repository'>): string {
  return `manager/${repository}`;
}

/** The longest prefix that covers it, at "/" boundaries: `manager/apps` does not cover `manager/apps-evil`. */
export function scopeFor({ scopes }: Pick<PolicyDocument, 'scopes'>, release: Pick<Release, 'repository'>): Scope | undefined {
  const name = policyName(release);
  return scopes.filter(({ prefix }) => name === prefix || name.startsWith(`${prefix}/`)).toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}

export type KeyResult = { readonly id: string; readonly name: string | undefined; readonly role: string | undefined; readonly result: 'valid' | 'missing' | 'not-in-scope' };

/** Every key that counts for the release, whether it signed, and keys that signed but no longer count. */
export function keyResults({ document, scope, signedBy }: { readonly document: PolicyDocument; readonly scope: Scope | undefined; readonly signedBy: readonly string[] }): readonly KeyResult[] {
  const counts = scope?.keys ?? [];
  const result = (id: string): KeyResult => {
    const key = document.keys.find((one) => one.id === id);
    return { id, name: key?.name, role: key?.role, result: !counts.includes(id) ? 'not-in-scope' : signedBy.includes(id) ? 'valid' : 'missing' };
  };
  const all = [...counts.map(result), ...signedBy.filter((id) => !counts.includes(id)).map(result)];
  return all.toSorted((a, b) => Number(b.result === 'valid') - Number(a.result === 'valid'));
}
