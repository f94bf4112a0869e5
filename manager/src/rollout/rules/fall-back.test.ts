import { describe, expect, test } from 'vitest';
import { digestOf } from '@pier/shared/digest';
import { ReportedApp } from '@pier/shared/wire';
import { fallBack, wayBack } from './fall-back.ts';

const [first, second, third] = [digestOf('first'), digestOf('second'), digestOf('third')];
const on = (digest: string) => ({ digest, version: '1.0.0', counter: 1 });
const said = (of: { running?: string; lastGood?: string; previousGood?: string }): ReportedApp =>
  ReportedApp.parse({
    ...(of.running && { running: { ...on(of.running), restarts: 0, sinceMs: 0 } }),
    ...(of.lastGood && { lastGood: on(of.lastGood) }),
    ...(of.previousGood && { previousGood: on(of.previousGood) }),
  });

describe('an offer that is taken back', () => {
  test.each([
    ['leaves what runs', said({ running: first, lastGood: third }), { to: first }],
    ['leaves what is good where nothing runs', said({ lastGood: first }), { to: first }],
    ['leaves the offered release where that runs already', said({ running: second }), 'keep'],
    ['leaves nothing where there was nothing', said({}), 'remove'],
    ['leaves nothing where the device has said nothing', undefined, 'remove'],
  ])('%s', (_, reported, expected) => {
    expect(fallBack('withdrawn', second, reported)).toEqual(expected);
  });
});

describe.each(['failed', 'refused'] as const)('a release that is %s', (ended) => {
  test.each([
    ['gives way to the last good one', said({ running: first, lastGood: first }), { to: first }],
    ['gives way to the one before, where it was good itself', said({ lastGood: second, previousGood: first }), { to: first }],
    ['stays where nothing was good before it', said({ lastGood: second }), 'keep'],
    ['stays where nothing was ever good', said({ running: first }), 'keep'],
    ['stays where the one before is itself', said({ lastGood: second, previousGood: second }), 'keep'],
    ['stays where the device has said nothing', undefined, 'keep'],
  ])('%s', (_, reported, expected) => {
    expect(fallBack(ended, second, reported)).toEqual(expected);
  });
});

describe('the way back', () => {
  test.each([
    ['is to what was good before', said({ running: third, lastGood: first }), first],
    ['is to the one before, where the release itself was good already', said({ lastGood: second, previousGood: first }), first],
    ['takes the app off, where only the release itself was good', said({ lastGood: second }), null],
    ['is never to the release itself', said({ lastGood: second, previousGood: second }), null],
    ['takes the app off, where nothing was good', said({ running: first }), null],
    ['takes the app off, where the device has said nothing', undefined, null],
  ])('%s', (_, reported, expected) => {
    expect(wayBack(second, reported)).toBe(expected);
  });
});
