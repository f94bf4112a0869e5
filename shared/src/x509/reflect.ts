/**
 * @peculiar/x509 is built with tsyringe, which demands the metadata part of the Reflect proposal at load but finds nothing
 * in it there: no class that it makes takes constructor parameters. So empty answers do, unless a full implementation came first.
 */
const metadata = { getMetadata: () => undefined, getOwnMetadata: () => undefined };
for (const [name, value] of Object.entries(metadata)) {
  if (!Object.hasOwn(Reflect, name)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
}
