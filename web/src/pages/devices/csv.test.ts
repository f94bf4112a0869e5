import { expect, test } from 'vitest';
import { Device } from '@pier/shared/api';
import { csvOf } from './csv.ts';

const device = (change: object): Device =>
  Device.parse({ id: 'pump-1', name: 'Pump 1', model: 'raspberry-pi-5', tags: { site: 'lab', role: 'pump' }, state: 'active', standing: 'failed', why: { code: 'app.health_failed', reason: 'not ready' }, online: true, lastSeenAt: '2026-01-01T00:00:00.000Z', agent: '0.1.0', rev: 1, apps: [{ app: 'blink', version: '1.4.0', wanted: '1.5.0', state: null, hold: null }, { app: 'meter', version: null, wanted: null, state: null, hold: null }], createdAt: '', ...change });

test('one line a device, after the heads', () => {
  expect(csvOf([device({})])).toBe('id,name,standing,why,model,agent,online,last_heard,apps,tags\r\npump-1,Pump 1,failed,not ready,raspberry-pi-5,0.1.0,true,2026-01-01T00:00:00.000Z,blink 1.4.0 -> 1.5.0; meter -,site=lab; role=pump\r\n');
  expect(csvOf([])).toBe('id,name,standing,why,model,agent,online,last_heard,apps,tags\r\n');
});

test('commas, quotes and new lines are quoted, and no field is a formula', () => {
  const [, line = ''] = csvOf([device({ name: '=HYPERLINK("http://x","y")', why: null, apps: [], tags: { a: '1,2' } })]).split('\r\n');
  expect(line).toContain('"\'=HYPERLINK(""http://x"",""y"")"');
  expect(line).toContain('"a=1,2"');
  expect(csvOf([device({ name: '@sum' })])).toContain("'@sum");
  expect(csvOf([device({ name: ' =1+1' }), device({ name: '＝1+1' })])).toMatch(/,' =1\+1,[^]*,'＝1\+1,/);
  expect(csvOf([device({ name: 'a\nb' })])).toContain('"a\nb"');
});
