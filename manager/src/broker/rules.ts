/**
 * Who may say and hear what, by certificate alone (docs/protocol.md). It stops a device that was broken into from speaking
 * for another, from giving orders, and from listening to the fleet: user names, client ids and payloads are not looked at.
 */
import { type Identity, downFilterOf, everyUpFilter, topics } from '@pier/shared/wire';

/** One level of a topic name: neither empty nor a wildcard, no `$`, no NUL, nothing that was not UTF-8. */
const word = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const operatorDowns: ReadonlySet<string> = new Set(['cmd', 'logs', 'pins', 'tel']);

export function mayPublish(who: Identity, topic: string): boolean {
  const levels = topic.split('/');
  if (!levels.every((level) => word.test(level))) return false;
  const [root, version, branch, name, direction, kind] = levels;
  if (root !== 'pier' || version !== 'v1' || name === undefined) return false;
  if (who.kind === 'manager' && branch === 'm') return name === who.replica && levels.length === 4;
  if (branch !== 'd' || kind === undefined) return false;
  if (who.kind === 'device') return name === who.device && direction === 'up';
  if (who.kind === 'manager') return direction === 'down';
  return direction === 'down' && levels.length === 6 && operatorDowns.has(kind);
}

export function maySubscribe(who: Identity, filter: string): boolean {
  return readable(who).some((allowed) => covers(allowed, filter));
}

function readable(who: Identity): readonly string[] {
  if (who.kind === 'device') return [downFilterOf(who.device), topics.manager.filter];
  return who.kind === 'operator' ? [everyUpFilter] : ['pier/v1/#'];
}

/** True when `wanted` can match nothing that `allowed` does not match. */
export function covers(allowed: string, wanted: string): boolean {
  const wide = allowed.split('/');
  const narrow = wanted.split('/');
  if (!narrow.every((level, index) => level === '+' || (level === '#' && index === narrow.length - 1) || word.test(level))) return false;
  for (const [index, level] of wide.entries()) {
    const asked = narrow[index];
    if (level === '#') return asked !== undefined;
    if (asked === undefined || asked === '#') return false;
    if (level !== '+' && level !== asked) return false;
  }
  return narrow.length === wide.length;
}
