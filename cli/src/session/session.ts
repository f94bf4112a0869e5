import { Fault } from '@pier/shared/core';
import { type ApiClient, apiClient } from '@pier/shared/api';
import { type RegistryClient, parseReference, registryClient } from '@pier/shared/oci';
import { type Settings, readSettings } from './settings.ts';

export type ManagerOptions = { manager?: string; token?: string };

export type Session = { readonly settings: Settings; readonly api: ApiClient; readonly url: string; readonly token: string };

/** A session with the manager that flags, environment or profile name. Faults: `input-invalid` with the next step. */
export function openSession(options: ManagerOptions): Session {
  const settings = readSettings(process.env);
  const url = options.manager ?? settings.manager;
  const token = options.token ?? settings.token;
  if (url === undefined) throw new Fault('input-invalid', 'no manager is named: give --manager URL, set PIER_MANAGER, or run "pier login"');
  if (!URL.canParse(url)) throw new Fault('input-invalid', `"${url}" is no URL of a manager, such as http://127.0.0.1:8080`);
  if (token === undefined) throw new Fault('unauthenticated', 'no API token: give --token, set PIER_API_TOKEN, or run "pier login"');
  return { settings, api: apiClient({ baseUrl: url, token }), url, token };
}

export type Target = { readonly client: RegistryClient & Disposable; readonly repository: string; readonly name: string; readonly tag?: string; readonly digest?: string };

/**
 * Where a reference points: without a host, the manager's own registry with the session's token; with one, that registry
 * over https (http on loopback) and the credentials of `PIER_REGISTRY_USER` and `PIER_REGISTRY_PASSWORD`, if any.
 */
export async function openTarget(text: string, options: ManagerOptions): Promise<Target> {
  const reference = parseReference(text);
  const rest = { repository: reference.repository, ...(reference.tag === undefined ? {} : { tag: reference.tag }), ...(reference.digest === undefined ? {} : { digest: reference.digest }) };
  if (reference.host !== undefined) {
    const scheme = /^(127\.0\.0\.1|localhost|\[::1\])(:|$)/.test(reference.host) ? 'http' : 'https';
    const user = process.env['PIER_REGISTRY_USER'];
    const basic = user === undefined ? {} : { basic: { user, password: process.env['PIER_REGISTRY_PASSWORD'] ?? '' } };
    return { ...rest, name: `${reference.host}/${reference.repository}`, client: registryClient({ origin: `${scheme}://${reference.host}`, ...basic }) };
  }
  const session = openSession(options);
  const addresses = await session.api.call('getAddresses', {});
  return { ...rest, name: `manager/${reference.repository}`, client: registryClient({ origin: addresses.registry, tls: { ca: addresses.ca }, basic: { user: 'token', password: session.token } }) };
}
