/** Which device a person means: an id always means itself, a name the one device that is called so. */
import { DeviceId, Fault } from '@pier/shared/core';
import type { ApiClient, Device } from '@pier/shared/api';

/** How verbs that take a device describe it. */
export const deviceArgument = ['<device>', 'its id, or its name if no other device has it'] as const;

type Caller = Pick<ApiClient, 'call'>;

/**
 * The id behind what was typed. Faults: `not-found` with what looks like it, `conflict` naming all devices of that name: which of
 * them was meant is never guessed, also where one alone is active.
 */
export async function deviceMeant(api: Caller, word: string): Promise<DeviceId> {
  const id = DeviceId.safeParse(word);
  if (id.success && (await isThere(api, id.data))) return id.data;
  const { called, similar } = await search(api, word);
  const [one] = called;
  if (called.length === 1 && one) return one.id;
  if (called.length > 1) throw new Fault('conflict', `${called.length} devices are called "${word}": ${listed(called)}; say which by its id`);
  throw new Fault('not-found', `there is no device "${word}"${similar.length === 0 ? '' : `; did you mean ${similar.map(inWords).join(' or ')}?`}`);
}

/** Each device once, in the order in which they were typed. Faults: as `deviceMeant`. */
export async function devicesMeant(api: Caller, words: readonly string[]): Promise<DeviceId[]> {
  const ids = new Set<DeviceId>();
  for (const word of new Set(words)) ids.add(await deviceMeant(api, word));
  return [...ids];
}

async function isThere(api: Caller, device: DeviceId): Promise<boolean> {
  try {
    await api.call('getDevice', { params: { device } });
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'not-found') return false;
    throw thrown;
  }
}

const suggestedMax = 3;
const pageMax = 500;
/** The manager's bound on names, and on what it looks for. */
const nameLettersMax = 64;

type Found = { readonly called: readonly Device[]; readonly similar: readonly Device[] };

/** Devices with exactly this name, and the first few that have it within theirs, or within their id. */
async function search(api: Caller, word: string): Promise<Found> {
  if (word === '' || word.length > nameLettersMax) return { called: [], similar: [] };
  const [called, similar]: [Device[], Device[]] = [[], []];
  let cursor: string | undefined;
  do {
    const page = await api.call('listDevices', { query: { search: searchable(word), limit: pageMax, cursor } });
    called.push(...page.items.filter(({ name }) => name === word));
    similar.push(...page.items.filter(({ id, name }) => holds(id, word) || holds(name, word)).slice(0, suggestedMax - similar.length));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { called, similar };
}

/** The longest part that every database compares alike: what is a small letter beyond ASCII is its locale's say. */
function searchable(word: string): string | undefined {
  return word.match(/[ -~]+/g)?.reduce((longest, part) => (part.length > longest.length ? part : longest));
}

const holds = (text: string, word: string): boolean => text.toLowerCase().includes(word.toLowerCase());
const inWords = ({ id, name }: Device): string => (name === id ? id : `${id} ("${name}")`);

const listedMax = 10;

function listed(devices: readonly Device[]): string {
  const shown = devices.slice(0, listedMax).map(({ id, state }) => `${id} (${state})`).join(', ');
  return devices.length > listedMax ? `${shown} and ${devices.length - listedMax} more` : shown;
}
