import { Fault, systemClock } from '@pier/shared/core';
import { type DeviceDetail, apiClient } from '@pier/shared/api';
import type { SimRecord } from '@pier/shared/hardware';
import { runPier } from '../support/pier.ts';
import { readRecord } from '../support/record.ts';

/** Where the judge looks: nothing of the manager's or the agent's inside. */
export type Case = { readonly http: string; readonly token: string; readonly record: string; readonly home: string; readonly board: string };

const pollMs = 100;

/** Asks again until it is so; the sentence of the last look is the fault when time is up. */
async function until(what: string, timeoutS: number, look: () => Promise<string | undefined> | string | undefined): Promise<string> {
  const endMs = systemClock.monotonicMs() + timeoutS * 1_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (systemClock.monotonicMs() > endMs) throw new Fault('timed-out', `not seen within ${timeoutS} s: ${what}`);
    await systemClock.sleep(pollMs);
  }
}

const nowNs = (): bigint => systemClock.monotonicNs();
const guestEdges = (at: Case, name: string, sinceNs: bigint): SimRecord[] => readRecord(at.record).filter((row) => row.name === name && row.by === 'guest' && BigInt(row.tNs) >= sinceNs);

async function deviceOf(at: Case, device: string): Promise<DeviceDetail> {
  return apiClient({ baseUrl: at.http, token: at.token }).call('getDevice', { params: { device } });
}

const pier = (at: Case, args: readonly string[]) => runPier(args, { env: { ...process.env, PIER_HOME: at.home } });

export const claims = {
  /** The device is known, online, and the CLI lists it. */
  enrolled: async (at: Case, { device }: { device: string }) =>
    until('the device online in the API and in "pier device list"', 30, async () => {
      const listed = await pier(at, ['device', 'list', '-o', 'json']);
      const seen = await deviceOf(at, device);
      return listed.status === 0 && listed.stdout.includes(device) && seen.online ? `${device} (${seen.model}) is online` : undefined;
    }),

  /** At least `edges` changes of the line by a guest, from now on. */
  blinks: async (at: Case, { line, edges }: { line: string; edges: number }) => {
    const since = nowNs();
    return until(`${edges} edges of ${line} made by the guest`, 30, () => {
      const seen = guestEdges(at, line, since);
      return seen.length >= edges ? `${seen.length} edges of ${line}, by ${seen[0]?.consumer ?? 'nobody'}` : undefined;
    });
  },

  /** After a press of the button the LED runs at least twice as fast for a while. */
  answersButton: async (at: Case, { line }: { line: string }) => {
    const rateS = 0.9;
    const before = nowNs();
    await systemClock.sleep(rateS * 1_000);
    const slow = guestEdges(at, line, before).length;
    const pressed = await pier(at, ['sim', 'press', at.board, 'button', '--ms', '60']);
    if (pressed.status !== 0) throw new Fault('internal', `the button cannot be pressed: ${pressed.stderr}`);
    return until(`${line} blinking faster after the button`, 10, async () => {
      const since = nowNs();
      await systemClock.sleep(rateS * 1_000);
      const fast = guestEdges(at, line, since).length;
      return fast >= 2 * Math.max(slow, 1) ? `${slow} edges in ${rateS} s before the press, ${fast} after` : undefined;
    });
  },

  /** The device runs this release, and the rollout says proven for it. */
  proven: async (at: Case, { device, rollout, version }: { device: string; rollout: string; version: string }) =>
    until(`rollout ${rollout} proven on ${device}`, 60, async () => {
      const seen = await deviceOf(at, device);
      const deployment = seen.deployments.find((one) => one.rollout === rollout);
      const running = Object.values(seen.reported?.apps ?? {}).some((app) => app.running?.version === version);
      if (deployment && ['failed', 'refused', 'timed_out'].includes(deployment.state)) throw new Fault('internal', `the deployment is ${deployment.state}: ${deployment.reason?.reason}`);
      return deployment?.state === 'proven' && running ? `${device} runs ${version}, its deployment is proven` : undefined;
    }),

  /** The device says that it refused, with this code; the same stands in the CLI's answer. `digest` tells which thing. */
  refused: async (at: Case, { device, code, digest, type }: { device: string; code: string; digest?: string; type?: string }) =>
    until(`a refusal ${code} by ${device}`, 30, async () => {
      const seen = await deviceOf(at, device);
      const row = seen.refusals.find((one) => one.code === code && (digest === undefined || one.digest === digest) && (type === undefined || one.type === type));
      if (!row) return undefined;
      const shown = await pier(at, ['device', 'show', device]);
      return shown.status === 0 && shown.stdout.includes(code) ? `${row.code}: ${row.reason}` : undefined;
    }),

  /** The deployment of the device has ended, or waits, with this state and code. */
  deployment: async (at: Case, { device, rollout, state, code }: { device: string; rollout: string; state: string; code: string }) =>
    until(`deployment ${state} with ${code}`, 30, async () => {
      const seen = (await deviceOf(at, device)).deployments.find((one) => one.rollout === rollout);
      return seen?.state === state && seen.reason?.code === code ? `${seen.state}: ${seen.reason.reason}` : undefined;
    }),

  /** This version has run without a restart since before, and still blinks. */
  stillRuns: async (at: Case, { device, app, version, line, sinceMs }: { device: string; app: string; version: string; line: string; sinceMs: number }) =>
    until(`${app} ${version} running since before`, 30, async () => {
      const running = Object.entries((await deviceOf(at, device)).reported?.apps ?? {}).find(([name]) => name === app)?.[1].running;
      if (running?.version !== version || running.restarts !== 0 || running.sinceMs !== sinceMs) return undefined;
      return `${await claims.blinks(at, { line, edges: 3 })}; ${app} ${version} was never stopped`;
    }),

  /** `pier cmd` answers, and exits with 0. */
  ping: async (at: Case, { device }: { device: string }) => {
    const ran = await pier(at, ['cmd', device, 'ping', '-o', 'json']);
    if (ran.status !== 0) throw new Fault('internal', `pier cmd ping ended with ${ran.status}: ${ran.stderr}`);
    const answer = JSON.parse(ran.stdout) as { state?: string; result?: { pong?: boolean } };
    if (answer.state !== 'done' || answer.result?.pong !== true) throw new Fault('internal', `pier cmd ping exits with 0 but answers ${ran.stdout.trim()}`);
    return `pier cmd ${device} ping answers ${ran.stdout.trim()}`;
  },
} as const;
