import { type RegistryClient, type RegistryOptions, parseReference, policyNameOf, registryClient } from '@pier/shared/oci';

export type Registries = Disposable & {
  /** The registry that a desired document's `repository` means, the path in it, and the name that policy scopes match. Faults: `input-invalid`. */
  of(repository: string): { readonly client: RegistryClient; readonly path: string; readonly policyName: string };
};

/**
 * The registries of this device. A repository without a host is in the manager's own, reached with the device's certificate,
 * or through a mirror that need not be trusted: it gets no credentials, and what it serves is hashed and verified like all else.
 */
export function openRegistries(options: { readonly manager: RegistryOptions; readonly mirror?: string | undefined }): Registries {
  const clients = new Map<string, RegistryClient>();
  const clientOf = (key: string, registry: RegistryOptions): RegistryClient => {
    const client = clients.get(key) ?? registryClient(registry);
    clients.set(key, client);
    return client;
  };
  return {
    of: (repository) => {
      const reference = parseReference(repository);
      const registry = reference.host === undefined ? (options.mirror === undefined ? options.manager : { origin: options.mirror }) : { origin: originOf(reference.host) };
      return { client: clientOf(reference.host ?? '', registry), path: reference.repository, policyName: policyNameOf(reference) };
    },
    [Symbol.dispose]: () => {
      for (const client of clients.values()) client[Symbol.dispose]();
    },
  };
}

/** Plain HTTP only on this machine itself. */
function originOf(host: string): string {
  const name = host.replace(/:\d+$/, '');
  const loopback = name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
  return `${loopback ? 'http' : 'https'}://${host}`;
}
