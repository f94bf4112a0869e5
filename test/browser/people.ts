import type { ApiClient } from '@pier/shared/api';

export type Person = { readonly user: string; readonly password: string };

/** An account whose password the test knows, to sign in with as a person does. */
export async function addAccount(api: ApiClient, user: string, role: 'viewer' | 'operator' | 'admin'): Promise<Person> {
  const password = `the long password of ${user}`;
  await api.call('createUser', { body: { name: user, role, password } });
  return { user, password };
}
