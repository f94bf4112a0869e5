import { systemClock } from '@pier/shared/core';
import { type Case, boardOf, deviceOf, guestEdges, nowNs, pier, rowsOf, until, wrong } from './look.ts';

const runningOf = async (at: Case, device: string, app: string) => Object.entries((await deviceOf(at, device)).reported?.apps ?? {}).find(([name]) => name === app)?.[1];

/** What the judge can say of one device: from the simulator's record, the API and the CLI. */
export const deviceClaims = {
  /** All are known and online, and a selector finds those of each site. */
  enrolled: async (at: Case, { devices, sites }: { devices: readonly string[]; sites: Readonly<Record<string, readonly string[]>> }) =>
    until('every device online, in the API and in "pier device list"', 60, async () => {
      for (const device of devices) if (!(await deviceOf(at, device)).online) return undefined;
      for (const [site, members] of Object.entries(sites)) {
        const listed = await pier(at, ['device', 'list', '-l', `site=${site}`, '-o', 'json']);
        const ids = listed.status === 0 ? (JSON.parse(listed.stdout) as { items: { id: string }[] }).items.map((one) => one.id) : [];
        if (ids.toSorted().join() !== members.toSorted().join()) return undefined;
      }
      return `${devices.length} devices online at ${Object.keys(sites).join(', ')}`;
    }),

  /** At least `edges` changes of the line by a guest, from now on, on every one of these. */
  blinks: async (at: Case, { devices, line, edges }: { devices: readonly string[]; line: string; edges: number }) => {
    const sinceNs = nowNs();
    return until(`${edges} edges of ${line} made by the guest on ${devices.join(', ')}`, 30, () =>
      devices.every((device) => guestEdges(at, device, { line, sinceNs }).length >= edges) ? `at least ${edges} edges of ${line} by the guest on ${devices.length} board(s)` : undefined,
    );
  },

  /** After a press of the button the LED runs at least twice as fast for a while. */
  answersButton: async (at: Case, { device, line }: { device: string; line: string }) => {
    const rateS = 0.9;
    const beforeNs = nowNs();
    await systemClock.sleep(rateS * 1_000);
    const slow = guestEdges(at, device, { line, sinceNs: beforeNs }).length;
    const pressed = await pier(at, ['sim', 'press', boardOf(at, device).dir, 'button', '--ms', '60']);
    if (pressed.status !== 0) throw wrong(`the button cannot be pressed: ${pressed.stderr}`);
    return until(`${line} blinking faster after the button`, 10, async () => {
      const sinceNs = nowNs();
      await systemClock.sleep(rateS * 1_000);
      const fast = guestEdges(at, device, { line, sinceNs }).length;
      return fast >= 2 * Math.max(slow, 1) ? `${slow} edges in ${rateS} s before the press, ${fast} after` : undefined;
    });
  },

  /** Each runs this version of the app, without a restart. */
  runs: async (at: Case, { devices, app, version }: { devices: readonly string[]; app: string; version: string }) =>
    until(`${app} ${version} running on ${devices.join(', ')}`, 60, async () => {
      for (const device of devices) if ((await runningOf(at, device, app))?.running?.version !== version) return undefined;
      return `${app} ${version} runs on ${devices.length} device(s)`;
    }),

  /** Since these start times nobody has touched the guests: same version, same start, no restart. */
  untouched: async (at: Case, { since, app }: { since: Readonly<Record<string, { version: string; sinceMs: number }>>; app: string }) => {
    for (const [device, before] of Object.entries(since)) {
      const now = (await runningOf(at, device, app))?.running;
      if (now?.version !== before.version || now.sinceMs !== before.sinceMs || now.restarts !== 0) throw wrong(`${device} was touched: it ran ${app} ${before.version}, now ${JSON.stringify(now)}`);
    }
    return `${app} was never stopped on ${Object.keys(since).length} device(s)`;
  },

  /** The device says that it refused, with this code; the same stands in the CLI's answer. `digest` tells which thing. */
  refused: async (at: Case, { device, code, digest, type }: { device: string; code: string; digest?: string; type?: string }) =>
    until(`a refusal ${code} by ${device}`, 30, async () => {
      const row = (await deviceOf(at, device)).refusals.find((one) => one.code === code && (digest === undefined || one.digest === digest) && (type === undefined || one.type === type));
      if (!row) return undefined;
      const shown = await pier(at, ['device', 'show', device]);
      return shown.status === 0 && shown.stdout.includes(code) ? `${row.code}: ${row.reason}` : undefined;
    }),

  /** `pier device why` gives this code, with evidence and a remedy. */
  why: async (at: Case, { device, app, code }: { device: string; app: string; code: string }) =>
    until(`"pier device why ${device} ${app}" to say ${code}`, 30, async () => {
      const ran = await pier(at, ['device', 'why', device, app, '-o', 'json']);
      const [one] = ran.status === 0 ? (JSON.parse(ran.stdout) as { items: { code: string; sentence: string; checks: { verdict: string; evidence: string }[] }[] }).items : [];
      const held = one?.checks.find((check) => check.verdict === 'holds');
      return one?.code === code ? `${one.sentence}${held ? ` (${held.evidence})` : ''}` : undefined;
    }),

  /**
   * A guest that ended with its output driven left it in its safe state: the agent's row comes right after the guest's last one,
   * and nobody but guests and the agent ever moved the line.
   */
  wasSafe: async (at: Case, { device, line, sinceNs, level }: { device: string; line: string; sinceNs: string; level: 0 | 1 }) => {
    const rows = rowsOf(at, device, { line, sinceNs: BigInt(sinceNs) });
    const foreign = rows.find((row) => row.by !== 'guest' && row.by !== 'agent');
    if (foreign) throw wrong(`${line} of ${device} was moved by ${foreign.by}: ${JSON.stringify(foreign)}`);
    const ends = rows.flatMap((row, index) => (row.by === 'agent' && rows[index - 1]?.by === 'guest' ? [{ row, afterMs: Number(BigInt(row.tNs) - BigInt(rows[index - 1]?.tNs ?? row.tNs)) / 1e6 }] : []));
    const unsafe = rows.find((row) => row.by === 'agent' && (row.level !== level || row.direction !== 'out'));
    if (unsafe) throw wrong(`the agent left ${line} of ${device} unsafe: ${JSON.stringify(unsafe)}`);
    if (ends.length === 0) throw wrong(`the agent never took ${line} of ${device} into its safe state: ${JSON.stringify(rows.slice(-4))}`);
    return `driven when the guest ended, put to ${level === 0 ? 'low' : 'high'} by the agent ${ends.map(({ afterMs }) => `${afterMs.toFixed(1)} ms`).join(', ')} after the guest's last write; nobody else moved it`;
  },

  /** The event of an end carries the guest's last lines and the measured time until its outputs were safe. */
  causeOfDeath: async (at: Case, { device, app, text }: { device: string; app: string; text: string }) =>
    until(`an event of ${app}'s end on ${device} with "${text}"`, 30, async () => {
      const ran = await pier(at, ['device', 'events', device, '--app', app, '-o', 'json']);
      const items = ran.status === 0 ? (JSON.parse(ran.stdout) as { items: { code: string | null; reason: string | null; lastOutput: string[]; safeMs: number | null }[] }).items : [];
      const found = items.find((one) => one.safeMs !== null && one.lastOutput.some((line) => line.includes(text)));
      return found ? `${found.code}: ${found.reason}; last line "${found.lastOutput.at(-1)}"; outputs safe after ${found.safeMs?.toFixed(1)} ms` : undefined;
    }),

  /** The fleet shows that a person holds the app at the device: in the API and in "pier device list". */
  held: async (at: Case, { device, app, kind }: { device: string; app: string; kind: string }) =>
    until(`${app} on ${device} shown as ${kind} by hand`, 30, async () => {
      const hold = (await runningOf(at, device, app))?.hold;
      const listed = await pier(at, ['device', 'list']);
      return hold?.kind === kind && listed.stdout.includes(`(${kind} by hand)`) ? `${app} is ${kind} by ${hold.by} for ${hold.forS} s` : undefined;
    }),

  /** `pier cmd` answers `done`, and exits with 0. */
  answers: async (at: Case, { device, words, text }: { device: string; words: readonly string[]; text: string }) => {
    const ran = await pier(at, ['cmd', device, ...words, '-o', 'json']);
    if (ran.status !== 0) throw wrong(`pier cmd ${words.join(' ')} ended with ${ran.status}: ${ran.stderr}`);
    if (!ran.stdout.includes('"state":"done"') || !ran.stdout.includes(text)) throw wrong(`pier cmd ${words.join(' ')} exits with 0 but answers ${ran.stdout.trim()}`);
    return `pier cmd ${device} ${words.join(' ')} answers ${ran.stdout.trim().slice(0, 160)}`;
  },
} as const;
