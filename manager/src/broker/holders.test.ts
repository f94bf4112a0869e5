import { expect, test } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { type Conflict, holderLimits, watchHolders } from './holders.ts';

function watched() {
  const told: Conflict[] = [];
  const now = { ms: 1_000 };
  const holders = watchHolders({ clock: { ...systemClock, monotonicMs: () => now.ms }, onConflict: (conflict) => told.push(conflict) });
  return {
    told,
    holders,
    wait: (ms: number) => {
      now.ms += ms;
      holders.sweep();
    },
    /** Comes while somebody else of its name is connected, unless said otherwise. Out: whether it is let in. */
    comes: (order: { gen?: number; boot?: number; seq?: number } | string, { isHeld = true, address = '10.0.0.1', name = 'board-1' } = {}) =>
      holders.refusal({ name, will: typeof order === 'string' ? order : JSON.stringify({ gen: 1, boot: 1, seq: 1, ...order, online: false, conn: 'c' }), address, isHeld }) === undefined,
  };
}

test('a board that reconnects, reboots over and over on bad power, or enrols anew, is one board', () => {
  const { comes, told } = watched();
  for (let boot = 1; boot < 20; boot += 1) for (let seq = 1; seq < 20; seq += 5) expect(comes({ boot, seq })).toBe(true);
  expect(comes({ gen: 2, boot: 1, seq: 1 })).toBe(true);
  expect(told).toEqual([]);
});

test('a card that was put back from an older copy is no second board', () => {
  const { comes, told, wait } = watched();
  for (let copies = 0; copies < 10; copies += 1) {
    comes({ boot: 9, seq: 100 + copies });
    expect(comes({ boot: 3, seq: 1 })).toBe(true);
    wait(holderLimits.windowMs);
  }
  expect(told).toEqual([]);
});

test.each([
  ['started together from one copy', { boot: 5 }, { boot: 5 }],
  ['of which one has rebooted more often', { boot: 5 }, { boot: 9 }],
])('two boards %s are found out, and whoever is connected then stays', (_how, one, two) => {
  const { comes, told } = watched();
  const letIn = Array.from({ length: 8 }, (_, turn) => comes({ ...(turn % 2 === 0 ? one : two), seq: turn % 2 === 0 ? 100 + turn : 1 + turn }, { address: turn % 2 === 0 ? '10.0.0.1' : '10.0.0.2' }));
  expect(letIn.slice(0, 4)).toEqual([true, true, true, true]);
  expect(letIn.slice(-1)).toEqual([false]);
  expect(told).toEqual([{ device: 'board-1', state: 'began', addresses: ['10.0.0.1', '10.0.0.2'] }]);
});

function quarrel(world: ReturnType<typeof watched>): void {
  for (let turn = 0; turn < 4; turn += 1) {
    world.comes({ seq: 100 + turn });
    world.comes({ seq: 1 + turn });
  }
}

test('while they quarrel, one comes in when nobody is there, and other devices are not concerned', () => {
  const world = watched();
  quarrel(world);
  expect([world.comes({ seq: 200 }), world.comes({ seq: 300 }, { isHeld: false }), world.comes({ seq: 1 }, { name: 'board-2' })]).toEqual([false, true, true]);
});

test('it is over when the other one has not knocked for long, and tells so once', () => {
  const world = watched();
  quarrel(world);
  world.wait(holderLimits.quietMs - 1_000);
  expect(world.comes({ seq: 2 })).toBe(false);
  world.wait(holderLimits.quietMs - 1_000);
  expect(world.told.map(({ state }) => state)).toEqual(['began']);
  world.wait(2_000);
  world.wait(2_000);
  expect(world.told.map(({ state }) => state)).toEqual(['began', 'over']);
  expect(world.comes({ seq: 500 })).toBe(true);
});

test('an identity that is ended has no holders', () => {
  const world = watched();
  quarrel(world);
  world.holders.forget('board-1');
  world.holders.forget('board-1');
  world.holders.forget('nobody');
  expect(world.told.map(({ state }) => state)).toEqual(['began', 'over']);
});

test('who comes with a key that was given up shows that there are two, each time it comes; who has the newer key is let in', () => {
  const { comes, told, wait, holders } = watched();
  const keys = { givenUp: 'k1', inForce: 'k2' };
  const copy = () => holders.noteCopy({ name: 'board-1', addresses: ['10.0.0.1', '10.0.0.2'], keys });
  copy();
  expect([comes({ seq: 10 }), comes({ seq: 11 }, { isHeld: false })]).toEqual([true, true]);
  wait(holderLimits.quietMs - 1_000);
  copy();
  wait(holderLimits.quietMs - 1_000);
  const began = { device: 'board-1', state: 'began', addresses: ['10.0.0.1', '10.0.0.2'], keys };
  expect(told).toEqual([began]);
  wait(2_000);
  expect(told).toEqual([began, { ...began, state: 'over' }]);
});

test.each(['', 'hello', '{}', '{"gen":"1"}', '[1]'])('a will %j says nothing of holders', (will) => {
  const { comes, told } = watched();
  for (let turn = 0; turn < 10; turn += 1) expect(comes(will)).toBe(true);
  expect(told).toEqual([]);
});
