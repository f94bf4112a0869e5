import { describe, expect, test } from 'vitest';
import { DeviceId } from '../core/index.ts';
import { downFilterOf, everyUpFilter, topic, topics, upFilterOf } from './topics.ts';

const fault = expect.objectContaining({ code: 'input-invalid' }) as unknown;

describe('a topic', () => {
  test('is built and parsed by one pattern', () => {
    expect(topics.commandState.of({ device: 'pi-1', id: 'c-7' })).toBe('pier/v1/d/pi-1/up/cmd/c-7');
    expect(topics.commandState.parse('pier/v1/d/pi-1/up/cmd/c-7')).toEqual({ device: 'pi-1', id: 'c-7' });
    expect(topics.commandState.filter).toBe('pier/v1/d/+/up/cmd/+');
  });

  test.each([[''], ['a/b'], ['+'], ['#'], ['a\0b'], ['pi-1/down/cmd']])('takes no value that would change its shape: %j', (device) => {
    expect(() => topics.presence.of({ device })).toThrow(fault);
  });

  test('takes no value but its own parameters', () => {
    const values: Record<string, string> = Object.create({ device: 'inherited' });
    expect(() => topics.presence.of(values as { device: string })).toThrow(fault);
  });

  test.each([['pier/v1/d//up/presence'], ['pier/v1/d/pi-1/up'], ['pier/v1/d/pi-1/up/presence/'], ['/pier/v1/d/pi-1/up/presence'], ['pier/v2/d/pi-1/up/presence'], ['pier/v1/d/pi-1/down/presence'], ['PIER/v1/d/pi-1/up/presence'], ['']])('is not read out of another one: %j', (name) => {
    expect(topics.presence.parse(name)).toBeUndefined();
  });

  test('may have no parameters', () => {
    const plain = topic('a/b');
    expect([plain.filter, plain.of({}), plain.parse('a/b'), plain.parse('a/c')]).toEqual(['a/b', 'a/b', {}, undefined]);
  });
});

const everyTopic = Object.entries(topics);

test('no topic parses as another', () => {
  for (const [name, one] of everyTopic) {
    const text = one.filter.replaceAll('+', 'x-1');
    const parsed = everyTopic.filter(([, other]) => other.parse(text) !== undefined).map(([other]) => other);
    expect(parsed).toEqual([name]);
  }
});

test('a device writes below up/ alone, and hears below down/ alone', () => {
  const own = topics.reported.of({ device: 'pi-1' });
  expect(own.startsWith(upFilterOf('pi-1').slice(0, -1))).toBe(true);
  expect(own.startsWith(upFilterOf('pi').slice(0, -1))).toBe(false);
  expect(topics.desired.of({ device: 'pi-1' }).startsWith(downFilterOf('pi-1').slice(0, -1))).toBe(true);
  expect(everyUpFilter).toBe(upFilterOf('+'));
});

test('every device id can stand in a topic', () => {
  for (const id of ['a', '0', 'pi-1', 'x'.repeat(63)]) expect(topics.presence.parse(topics.presence.of({ device: DeviceId.parse(id) }))).toEqual({ device: id });
});
