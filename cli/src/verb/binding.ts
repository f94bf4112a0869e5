import type { Command } from 'commander';
import { AppName, Fault, check } from '@pier/shared/core';
import { Binding, Bindings } from '@pier/shared/capability';
import { type Common, deviceArgument, deviceMeant, openSession, output, withManager } from '../session/index.ts';

/** `label=chip:line`, `label=chip:line:out`, `label=serial:/path` or `label=storage:BYTES`. */
export function parseBinding(word: string): [string, Binding] {
  const storage = /^([^=]+)=storage:(\d+)$/.exec(word);
  if (storage) return [storage[1] ?? '', check(Binding, { kind: 'storage', maxBytes: Number(storage[2]) }, { what: word })];
  const serial = /^([^=]+)=serial:(\/.+)$/.exec(word);
  if (serial) return [serial[1] ?? '', check(Binding, { kind: 'serial', path: serial[2] }, { what: word })];
  const gpio = /^([^=]+)=([^:]+):(\d+)(?::(in|out))?$/.exec(word);
  if (!gpio) throw new Fault('input-invalid', `a binding reads label=chip:line[:in|out], such as led=pinctrl-bcm2711:17:out, label=serial:/PATH or label=storage:BYTES; "${word}" is none of these`);
  return [gpio[1] ?? '', check(Binding, { kind: 'gpio', chip: gpio[2], line: Number(gpio[3]), ...(gpio[4] === undefined ? {} : { modes: [gpio[4]] }) }, { what: word })];
}

/** `pier binding set`: the operator's consent, label by label. */
export function addBinding(program: Command): void {
  const binding = program.command('binding').description("which real line each of an app's labels may use on a device");
  withManager(binding.command('set').argument(...deviceArgument).argument('<app>').argument('<label=chip:line...>', 'such as led=pinctrl-bcm2711:17:out, meter=serial:/dev/ttyUSB0 or data=storage:65536'))
    .description("replace an app's bindings on a device")
    .action(async (word: string, app: string, words: string[], options: Common) => {
      const all = words.map(parseBinding);
      const twice = all.find(([label], index) => all.findIndex(([other]) => other === label) !== index);
      if (twice) throw new Fault('input-invalid', `label "${twice[0]}" is given twice`);
      const body = check(Bindings, Object.fromEntries(all), { what: 'bindings' });
      const { api } = openSession(options);
      const name = check(AppName, app, { what: 'app' });
      const answer = await api.call('putBindings', { params: { device: await deviceMeant(api, word), app: name }, body });
      if (options.output === 'json') return output.json(answer);
      output.table(
        ['LABEL', 'BOUND TO'],
        Object.entries(answer).map(([label, one]) => [label, boundTo(one)]),
      );
    });
}

/** A binding in words. */
export function boundTo(one: Binding): string {
  if (one.kind === 'gpio') return `${one.chip} line ${one.line} (${one.modes.join(', ')})`;
  return one.kind === 'serial' ? `serial port ${one.path}` : `storage, ${one.maxBytes} bytes`;
}
