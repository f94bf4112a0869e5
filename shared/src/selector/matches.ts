import type { Key, Selectable, Selector } from './selector.ts';

/** Whether a device is selected. A tag that it does not have has no value: it equals nothing, and `!=` and `not in` match it. */
export function matches(selector: Selector, device: Selectable): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'equals':
      return valueOf(selector.key, device) === selector.value;
    case 'differs':
      return valueOf(selector.key, device) !== selector.value;
    case 'in':
      return isAmong(selector.values, selector.key, device);
    case 'notIn':
      return !isAmong(selector.values, selector.key, device);
    case 'exists':
      return Object.hasOwn(device.tags, selector.tag);
    case 'not':
      return !matches(selector.part, device);
    case 'and':
      return selector.parts.every((part) => matches(part, device));
    case 'or':
      break;
  }
  return selector.parts.some((part) => matches(part, device));
}

function isAmong(values: readonly string[], key: Key, device: Selectable): boolean {
  const value = valueOf(key, device);
  return value !== undefined && values.includes(value);
}

function valueOf(key: Key, device: Selectable): string | undefined {
  if (key.of === 'tag') return Object.hasOwn(device.tags, key.name) ? device.tags[key.name] : undefined;
  return key.name === 'online' ? String(device.online) : device[key.name];
}
