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
  return { settings, api: withSuggestions(apiClient({ baseUrl: url, token })), url, token };
}

/** A device is named by its id, and people know it by its name: who is not found under it is looked for by what the word is part of. */
function withSuggestions(api: ApiClient): ApiClient {
  return {
    ...api,
    call: async (name, request, signal) => {
      try {
        return await api.call(name, request, signal);
      } catch (thrown) {
        const word = thrown instanceof Fault && thrown.code === 'not-found' ? /^there is no device "([^"]+)"/.exec(thrown.message)?.[1] : undefined;
        if (!(thrown instanceof Fault) || word === undefined) throw thrown;
        const meant = await similar(api, word, signal);
        throw meant === '' ? thrown : new Fault('not-found', `${thrown.message}; did you mean ${meant}?`, {}, thrown);
      }
    },
  };
}

const suggestedMax = 3;

async function similar(api: ApiClient, word: string, signal?: AbortSignal): Promise<string> {
  try {
    const { items } = await api.call('listDevices', { query: { search: word, limit: suggestedMax } }, signal);
    return items.map(({ id, name }) => (name === id ? id : `${id} ("${name}")`)).join(' or ');
  } catch {
    // The first fault is the news; a suggestion is only a help.
    return '';
  }
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
