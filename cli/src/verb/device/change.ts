import type { Command } from 'commander';
import { AppName, Fault, check } from '@pier/shared/core';
import { type Common, deviceArgument, deviceMeant, openSession, output, withManager } from '../../session/index.ts';
import { notNegative } from '../words.ts';
import { wordsOf } from './show.ts';

const appOf = (word: string): AppName => check(AppName, word, { what: 'app' });

/** What a person changes of a device. */
export function addDeviceChanges(device: Command): void {
  withManager(device.command('pending'))
    .description('devices that wait to be let in')
    .action(async (options: Common) => {
      const page = await openSession(options).api.call('listPending', {});
      if (options.output === 'json') return output.json(page);
      output.table(['DEVICE', 'NAME', 'MODEL', 'KEY', 'TOKEN', 'ASKED'], page.items.map((one) => [one.device, one.name, one.model, one.fingerprint, one.token, one.askedAt]));
    });
  for (const [word, call, description] of [
    ['approve', 'approveDevice', 'let a pending device in'],
    ['revoke', 'revokeDevice', 'deny a pending device, or end the trust in an active one at once'],
  ] as const)
    withManager(device.command(word).argument(...deviceArgument))
      .description(description)
      .option('--remark <text>', 'why; kept in the audit')
      .action(async (which: string, options: Common & { remark?: string }) => {
        const { api } = openSession(options);
        const id = await deviceMeant(api, which);
        const one = await api.call(call, { params: { device: id }, body: { ...(options.remark !== undefined && { remark: options.remark }) } });
        if (options.output === 'json') output.json(one);
        else output.line(`device ${one.id} is ${one.state}`);
      });
  withManager(device.command('forget').argument(...deviceArgument))
    .description('remove a revoked device from sight, with its events, telemetry and bindings; its key stays refused for ever')
    .option('--yes', 'do it: nothing brings them back', false)
    .action(forget);
  withManager(device.command('tag').argument(...deviceArgument).argument('<tags...>', 'key=value sets, key- removes'))
    .description("change a device's tags")
    .action(async (which: string, words: string[], options: Common) => {
      const { api } = openSession(options);
      const id = await deviceMeant(api, which);
      const one = await api.call('changeDevice', { params: { device: id }, body: tagChange(words) });
      if (options.output === 'json') output.json(one);
      else output.line(`${one.id}: ${wordsOf(one.tags) || 'no tags'}`);
    });
  withManager(device.command('name').argument(...deviceArgument).argument('<name>'))
    .description('name a device')
    .action(async (which: string, name: string, options: Common) => {
      const { api } = openSession(options);
      const id = await deviceMeant(api, which);
      const one = await api.call('changeDevice', { params: { device: id }, body: { name } });
      if (options.output === 'json') output.json(one);
      else output.line(`${one.id} is called ${one.name}`);
    });
  addByHand(device);
}

async function forget(which: string, options: Common & { yes: boolean }): Promise<void> {
  const { api } = openSession(options);
  const id = await deviceMeant(api, which);
  const { name, state } = await api.call('getDevice', { params: { device: id } });
  if (state !== 'revoked') throw new Fault('conflict', `device ${id} is ${state}; only a revoked device is forgotten: pier device revoke ${id}`);
  if (!options.yes) throw new Fault('input-invalid', `device ${id}${name === id ? '' : ` ("${name}")`} would be removed with its events, telemetry and bindings, and nothing brings them back; say so with --yes`);
  await api.call('forgetDevice', { params: { device: id } });
  if (options.output === 'json') output.json({ device: id, forgotten: true });
  else output.line(`device ${id} is forgotten; its key stays refused`);
}

/** `key=value` sets a tag, `key-` removes it; the others stay, whoever changes them meanwhile. Faults: `input-invalid`. */
export function tagChange(words: readonly string[]): { setTags: Record<string, string>; removeTags: string[] } {
  const [setTags, removeTags]: [Map<string, string>, string[]] = [new Map(), []];
  for (const word of words) {
    const [, key = '', value] = /^([^=]+?)(?:=(.*)|-)$/s.exec(word) ?? [];
    if (key === '') throw new Fault('input-invalid', `a tag reads key=value to set it or key- to remove it, not "${word}"`);
    if (value === undefined) removeTags.push(key);
    else setTags.set(key, value);
  }
  return { setTags: Object.fromEntries(setTags), removeTags };
}

function addByHand(device: Command): void {
  withManager(device.command('assign').argument(...deviceArgument).argument('<app>').argument('<release>', 'id of a release, or "none" to remove the app'))
    .description('assign a release by hand; rollouts then leave the app on this device alone until "pier device release"')
    .option('--soak <seconds>', 'how long it must be well before it counts', notNegative, 60)
    .option('--remark <text>', 'why; kept in the audit')
    .action(async (which: string, app: string, release: string, options: Common & { soak: number; remark?: string }) => {
      const { api } = openSession(options);
      const id = await deviceMeant(api, which);
      const body = { release: release === 'none' ? null : release, soakS: options.soak, ...(options.remark !== undefined && { remark: options.remark }) };
      const one = await api.call('assignApp', { params: { device: id, app: appOf(app) }, body });
      if (options.output === 'json') output.json(one);
      else output.line(`${one.device}: ${one.app} is ${one.release ?? 'removed'} by hand, attempt ${one.attempt}`);
    });
  withManager(device.command('release').argument(...deviceArgument).argument('<app>'))
    .description('give an app that was assigned by hand back to the rollouts')
    .action(async (which: string, app: string, options: Common) => {
      const { api } = openSession(options);
      const id = await deviceMeant(api, which);
      await api.call('releaseApp', { params: { device: id, app: appOf(app) } });
      if (options.output === 'json') output.json({ device: id, app, byHand: false });
      else output.line(`${id}: rollouts of ${app} take this device again`);
    });
}
