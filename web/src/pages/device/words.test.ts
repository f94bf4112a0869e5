import { expect, test } from 'vitest';
import { TelemetryView, Why } from '@pier/shared/api';
import { appState } from './app-state.ts';
import { argsFault, commandLine } from './shell-line.ts';
import { declaredSeries, liveliest, samplesOf } from './samples.ts';
import { tagChange } from './tag-draft.ts';
import { deployment, device, release } from './testing.ts';
import { neediest, titleOf } from './why-pick.ts';

const why = (app: string, code: string, over: object = {}): Why => Why.parse({ device: 'mill-1', app, rollout: null, wanted: '2.0.0', running: '1.0.0', updated: false, code, sentence: '', remedy: null, checks: [], ...over });

test('a command is quoted where a shell needs it, and empty arguments are left out', () => {
  expect(commandLine('mill-1', 'app.logs', { app: 'meter', lines: ' ' })).toBe('./pier cmd mill-1 app.logs app=meter');
  expect(commandLine('mill-1', 'gpio.read', { line: "it's here" })).toBe(String.raw`./pier cmd mill-1 gpio.read 'line=it'\''s here'`);
});

test('arguments that the device would refuse are told before', () => {
  expect(argsFault('status', {})).toBeUndefined();
  expect(argsFault('app.logs', { app: 'meter', lines: '20' })).toBeUndefined();
  expect(argsFault('app.logs', { app: 'meter', lines: 'many' })).toContain('lines');
  expect(argsFault('app.restart', { app: '' })).toContain('app');
});

test('only tags that differ are sent', () => {
  expect(tagChange({ site: 'mill', role: 'pump', ring: 'b' }, [{ key: 'site', value: 'quay' }, { key: 'role', value: 'pump' }, { key: ' new ', value: ' 1 ' }, { key: '', value: 'x' }])).toEqual({ setTags: { site: 'quay', new: '1' }, removeTags: ['ring'] });
  expect(tagChange({ site: 'mill' }, [{ key: 'site', value: 'mill' }])).toEqual({ setTags: {}, removeTags: [] });
});

test('what failed is looked at before what waits, and what runs as wanted last', () => {
  const items = [why('a', 'proven', { updated: true }), why('b', 'rollout.wave-pending'), why('c', 'app.failed'), why('d', 'at-work.applying')];
  expect(neediest(items)?.app).toBe('c');
  expect(neediest(items.slice(0, 2))?.app).toBe('b');
  expect(neediest([])).toBeUndefined();
});

test('the question is put as it stands', () => {
  expect(titleOf(why('blink', 'app.failed'))).toBe('Why not updated to blink 2.0.0');
  expect(titleOf(why('blink', 'proven', { updated: true, running: '2.0.0' }))).toBe('blink 2.0.0 runs, as wanted');
  expect(titleOf(why('blink', 'none-wanted', { wanted: null, running: null }))).toBe('Nothing is wanted of blink');
});

test('an app stands as held, else as its newest deployment ended, else as it reports', () => {
  const [app] = device().apps;
  if (app === undefined) throw new Error('the device has an app');
  const refused = device({ deployments: [deployment('refused'), deployment('proven')] });
  expect(appState(app, device())?.word).toBe('In step');
  expect(appState({ ...app, wanted: '2.0.0' }, device())?.word).toBe('Waiting');
  expect(appState(app, refused)?.word).toBe('Refused');
  expect(appState({ ...app, hold: 'stopped' }, refused)?.word).toBe('Stopped by hand');
  expect(appState({ ...app, state: 'soaking' }, device())?.word).toBe('Soaking');
  expect(appState({ ...app, state: null, version: null, wanted: null }, device())).toBeUndefined();
});

test('of many series those that move are shown, and none without a sample', () => {
  const item = (series: string, value: number, second: number) => ({ at: `2026-11-20T00:00:0${second}.000Z`, app: 'meter', series, unit: '', value });
  const { items } = TelemetryView.parse({ items: [item('power', 500, 1), item('power', 900, 2), item('voltage', 230, 1), item('voltage', 230, 2)], next: null, dropped: 0 });
  expect(declaredSeries(new Map([['meter', release({ telemetry: [{ label: 'power', unit: 'W' }] })]]))).toEqual([{ app: 'blink', name: 'power', unit: 'W' }]);
  const series = ['voltage', 'power', 'energy'].map((name) => ({ app: 'meter', name, unit: '' }));
  expect(liveliest(items, series).map(({ name }) => name)).toEqual(['power', 'voltage']);
  expect(samplesOf(items, { app: 'meter', name: 'power', unit: 'W' }).map(({ value }) => value)).toEqual([500, 900]);
});
