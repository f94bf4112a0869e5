import type { AuditRecord } from '@pier/shared/api';

/** An entry in a few words; one that the board refused says so. */
export function actWords({ action, detail }: Pick<AuditRecord, 'action' | 'detail'>): string {
  const verb = action.replace(/^simulator\./, '');
  const { part, line, level, port, fault, count, ms, values, refused } = detail;
  const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
  const words: Readonly<Record<string, string>> = {
    press: `${text(part)} pressed for ${text(ms)} ms`,
    level: `${text(line)} held at ${level === 1 ? 'H' : 'L'}`,
    'set-part': `${text(part)}: ${Object.entries(typeof values === 'object' && values !== null ? values : {}).map(([name, value]) => `${name} ${text(value)}`).join(', ')}`,
    unplug: `${text(port)} unplugged`,
    plug: `${text(port)} plugged in`,
    fault: fault === 'none' ? `${text(port)}: fault ended` : `${text(port)}: ${text(fault)}${count === undefined ? '' : `, ${text(count)} times`}`,
  };
  return `${words[verb] ?? verb}${refused === undefined ? '' : `, refused (${text(refused)})`}`;
}
