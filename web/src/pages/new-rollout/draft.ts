/** What was typed, kept for this tab: a reload, or a session that ended, loses nothing. There are no secrets in it. */
import { type Form, newForm } from './form.ts';

const key = 'pier.new-rollout';

export type Draft = { readonly savedMs: number; readonly form: Form };

/** Undefined where nothing was kept, or by a page that knew other fields. */
export function readDraft(storage: Pick<Storage, 'getItem'>): Draft | undefined {
  const kept = storage.getItem(key);
  if (kept === null) return undefined;
  try {
    const draft: unknown = JSON.parse(kept);
    return isDraft(draft) ? draft : undefined;
  } catch {
    // What is no JSON was not written here.
    return undefined;
  }
}

export function keepDraft(storage: Pick<Storage, 'setItem'>, draft: Draft): void {
  storage.setItem(key, JSON.stringify(draft));
}

export function dropDraft(storage: Pick<Storage, 'removeItem'>): void {
  storage.removeItem(key);
}

/** Words of which a field has one. */
const words: Readonly<Record<string, readonly string[]>> = { who: ['all', 'selector', 'devices'], mode: ['static', 'dynamic'], by: ['count', 'percent', 'selector', 'rest'], advance: ['auto', 'manual'], onFailure: ['pause', 'roll_back'] };

function isDraft(value: unknown): value is Draft {
  return alike(value, { savedMs: 0, form: newForm() });
}

/** Whether a value has the fields of a model, of the same kinds, and no others; of a list, each one like its first. */
function alike(value: unknown, model: unknown, name = ''): boolean {
  if (Array.isArray(model)) return Array.isArray(value) && value.length > 0 && value.every((one) => alike(one, model[0]));
  if (typeof model !== 'object' || model === null) return typeof value === typeof model && (words[name]?.includes(String(value)) ?? true);
  if (typeof value !== 'object' || value === null) return false;
  const [has, wants] = [new Map(Object.entries(value)), Object.entries(model)];
  return has.size === wants.length && wants.every(([field, of]) => alike(has.get(field), of, field));
}
