import { expect, test } from 'vitest';
import { turnstile } from './turnstile.ts';

function door() {
  const enter = turnstile({ atOnceMax: 2, waitingMax: 3, perAddressMax: 2 });
  const inside: { readonly name: string; readonly leave: () => void }[] = [];
  const come = (address: string, name = address) =>
    enter(address, async () => {
      await new Promise<void>((resolve) => inside.push({ name, leave: () => resolve() }));
      return name;
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { come, inside, settle };
}

test('so many are inside at once, the others come in their order', async () => {
  const { come, inside, settle } = door();
  const all = ['a', 'b', 'c', 'd'].map((name) => come(name));
  await settle();
  expect(inside.map(({ name }) => name)).toEqual(['a', 'b']);
  for (let turn = 0; turn < 4; turn += 1) {
    inside[turn]?.leave();
    await settle();
  }
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('one address waits with few, and leaves room for others; of all there are few too', async () => {
  const { come, inside, settle } = door();
  const kept = ['1', '2', '3', '4'].map((name) => come('flood', name));
  await expect(come('flood')).rejects.toMatchObject({ code: 'too-many-requests' });
  const other = come('other');
  await expect(come('third')).rejects.toMatchObject({ code: 'too-many-requests' });
  for (let turn = 0; turn < 5; turn += 1) {
    await settle();
    inside[turn]?.leave();
  }
  expect(await Promise.all([...kept, other])).toEqual(['1', '2', '3', '4', 'other']);
});

test('who fails inside makes room all the same', async () => {
  const enter = turnstile({ atOnceMax: 1, waitingMax: 1, perAddressMax: 1 });
  await expect(enter('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await enter('a', async () => 'in')).toBe('in');
});
