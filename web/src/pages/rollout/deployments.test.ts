import { expect, test } from 'vitest';
import { DeviceId } from '@pier/shared/core';
import { groupsOf } from './deployments.ts';

const one = (device: string, state: 'failed' | 'refused', code?: string) => ({ device: DeviceId.parse(device), state, reason: code === undefined ? null : { code, reason: `${code} on ${device}` } });

test('devices that ended alike are one group, the largest first, in the words of its first', () => {
  const groups = groupsOf([one('pi-1', 'refused', 'unsigned'), one('pi-2', 'failed', 'guest-trapped'), one('pi-3', 'failed', 'guest-trapped'), one('pi-4', 'failed')]);
  expect(groups.map(({ state, code, says, devices }) => [state, code, says, devices.join(' ')])).toEqual([
    ['failed', 'guest-trapped', 'guest-trapped on pi-2', 'pi-2 pi-3'],
    ['failed', 'failed', '', 'pi-4'],
    ['refused', 'unsigned', 'unsigned on pi-1', 'pi-1'],
  ]);
  expect(groupsOf([])).toEqual([]);
});
