import type { Device } from '@pier/shared/api';

const heads = ['id', 'name', 'standing', 'why', 'model', 'agent', 'online', 'last_heard', 'apps', 'tags'] as const;

/** Devices as a table for other programs (RFC 4180), times in UTC. */
export function csvOf(devices: readonly Device[]): string {
  const rows = devices.map(({ id, name, standing, why, model, agent, online, lastSeenAt, apps, tags }) => [
    id, name, standing, why?.reason ?? '', model, agent ?? '', String(online), lastSeenAt ?? '',
    apps.map(({ app, version, wanted }) => `${app} ${version ?? '-'}${wanted === version ? '' : ` -> ${wanted ?? '-'}`}`).join('; '),
    Object.entries(tags).map(([key, value]) => `${key}=${value}`).join('; '),
  ]);
  return `${[heads, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}

/** A name or a tag may begin like a formula, which a spreadsheet would run: then an apostrophe stands before it. */
function field(text: string): string {
  const safe = /^\s*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
