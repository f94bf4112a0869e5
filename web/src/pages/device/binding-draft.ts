/** Bindings while they are edited: what may be chosen, and what a choice makes of them. Pure. */
import type { DeviceDetail } from '@pier/shared/api';
import type { Asks, Binding, Bindings } from '@pier/shared/capability';
import { shellWord } from '../../words/index.ts';
import type { Board } from './facts.ts';

/** A label to be bound: asked for by the assigned release, or bound from before. */
export type Slot = { readonly label: string; readonly kind: Binding['kind']; readonly mode?: 'in' | 'out'; readonly safe?: string; readonly asked: boolean; readonly optional: boolean };

export function slotsOf(asks: Asks | undefined, bindings: Bindings): Slot[] {
  const asked: Slot[] = [
    ...(asks?.gpio ?? []).map((ask) => ({ label: ask.label, kind: 'gpio' as const, mode: ask.mode, asked: true, optional: ask.optional, ...(ask.mode === 'out' && { safe: (ask.safe === 'active') === (ask.active === 'high') ? 'high' : 'low' }) })),
    ...(asks?.serial ?? []).map(({ label, optional }) => ({ label, kind: 'serial' as const, asked: true, optional })),
    ...(asks?.storage ?? []).map(({ label, optional }) => ({ label, kind: 'storage' as const, asked: true, optional })),
  ];
  const left = Object.entries(bindings).filter(([label]) => !asked.some((slot) => slot.label === label));
  return [...asked, ...left.map(([label, binding]) => ({ label, kind: binding.kind, asked: false, optional: true, ...(binding.kind === 'gpio' && { mode: binding.modes[0] ?? ('in' as const) }) }))];
}

type Own = { readonly app: string; readonly label: string };
export type Choice = { readonly value: string; readonly label: string; readonly disabled: boolean };

/** Free lines of the header; those that another label has are named with their holder, and cannot be chosen. */
export function lineChoices({ bindings }: Pick<DeviceDetail, 'bindings'>, board: Board | undefined, own: Own): Choice[] {
  return (board?.lines ?? [])
    .filter(({ headerPin, reserved }) => headerPin !== undefined && reserved === undefined)
    .toSorted((a, b) => (a.headerPin ?? 0) - (b.headerPin ?? 0))
    .map(({ chip, line, name, headerPin }) => {
      const holder = holderOf(bindings, own, (binding) => binding.kind === 'gpio' && binding.chip === chip && binding.line === line);
      return { value: `${chip}:${line}`, label: `${name}, pin ${headerPin}${holder === undefined ? '' : `: ${holder}`}`, disabled: holder !== undefined };
    });
}

export function portChoices({ bindings }: Pick<DeviceDetail, 'bindings'>, board: Board | undefined, own: Own): Choice[] {
  return (board?.ports ?? [])
    .filter(({ reserved }) => reserved === undefined)
    .map(({ path, name }) => {
      const holder = holderOf(bindings, own, (binding) => binding.kind === 'serial' && binding.path === path);
      return { value: path, label: `${name}${holder === undefined ? '' : `: ${holder}`}`, disabled: holder !== undefined };
    });
}

function holderOf(bindings: DeviceDetail['bindings'], own: Own, is: (binding: Binding) => boolean): string | undefined {
  for (const [app, labels] of Object.entries(bindings)) {
    for (const [label, binding] of Object.entries(labels)) if ((app !== own.app || label !== own.label) && is(binding)) return `${label} of ${app}`;
  }
  return undefined;
}

/** The label goes to that line or port; an empty choice takes the binding away. What else was said of it stays. */
export function withChoice(bindings: Bindings, slot: Slot, choice: string): Bindings {
  const { [slot.label as keyof Bindings]: was, ...rest } = bindings;
  if (choice === '') return rest;
  if (slot.kind === 'serial') return { ...rest, [slot.label]: { kind: 'serial', path: choice } };
  const at = choice.lastIndexOf(':');
  const ref = { chip: choice.slice(0, at), line: Number(choice.slice(at + 1)) };
  return { ...rest, [slot.label]: was?.kind === 'gpio' ? { ...was, ...ref } : { kind: 'gpio', ...ref, modes: [slot.mode ?? 'in'] } };
}

export function withSafe(bindings: Bindings, label: string, safe: string): Bindings {
  const was = bindings[label as keyof Bindings];
  if (was?.kind !== 'gpio') return bindings;
  const { safe: _, ...rest } = was;
  return { ...bindings, [label]: safe === 'low' || safe === 'high' || safe === 'input' || safe === 'keep' ? { ...rest, safe } : rest };
}

export function withStorage(bindings: Bindings, label: string, maxBytes: number): Bindings {
  const { [label as keyof Bindings]: _, ...rest } = bindings;
  return maxBytes > 0 ? { ...rest, [label]: { kind: 'storage', maxBytes } } : rest;
}

/** How a binding is said, and by which key it is chosen. */
export function bindingWords(binding: Binding, board: Board | undefined): { readonly key: string; readonly words: string } {
  if (binding.kind === 'serial') return { key: binding.path, words: board?.ports.find(({ path }) => path === binding.path)?.name ?? binding.path };
  if (binding.kind === 'storage') return { key: String(binding.maxBytes), words: `${binding.maxBytes} B of storage` };
  const line = board?.lines.find(({ chip, line: offset }) => chip === binding.chip && offset === binding.line);
  const pin = line?.headerPin === undefined ? '' : `, pin ${line.headerPin}`;
  return { key: `${binding.chip}:${binding.line}`, words: `${line?.name ?? `${binding.chip} ${binding.line}`}${pin}, ${binding.modes.join(' and ')}${binding.safe === undefined ? '' : `, safe ${binding.safe}`}` };
}

export type BindingChange = { readonly label: string; readonly before: string; readonly after: string };

export function bindingChanges(was: Bindings, is: Bindings, board: Board | undefined): BindingChange[] {
  const words = (binding: Binding | undefined): string => (binding === undefined ? 'not bound' : bindingWords(binding, board).words);
  const both = new Map<string, readonly [Binding | undefined, Binding | undefined]>();
  for (const [label, binding] of Object.entries(was)) both.set(label, [binding, undefined]);
  for (const [label, binding] of Object.entries(is)) both.set(label, [both.get(label)?.[0], binding]);
  return [...both].map(([label, [before, after]]) => ({ label, before: words(before), after: words(after) })).filter(({ before, after }) => before !== after);
}

/** The same with the CLI, which replaces all bindings of the app at once, too; undefined where it has no word for it. */
export function bindingCommand({ device, app, bindings }: { readonly device: string; readonly app: string; readonly bindings: Bindings }): string | undefined {
  const all = Object.entries(bindings);
  if (all.length === 0 || all.some(([, binding]) => binding.kind === 'gpio' && binding.safe !== undefined)) return undefined;
  const words = all.map(([label, binding]) => {
    if (binding.kind === 'serial') return `${label}=serial:${binding.path}`;
    if (binding.kind === 'storage') return `${label}=storage:${binding.maxBytes}`;
    return `${label}=${binding.chip}:${binding.line}${binding.modes.length === 1 ? `:${binding.modes[0]}` : ''}`;
  });
  return ['./pier binding set', device, app, ...words.map(shellWord)].join(' ');
}
