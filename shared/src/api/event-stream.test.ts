import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from './event-stream.ts';

async function* bytes(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}
async function read(...parts: readonly (string | Uint8Array)[]) {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(bytes(...parts))) events.push(event);
  return events;
}

test.each([
  ['one event', ['id: 7\ndata: {"a":1}\n\n'], [{ id: '7', data: '{"a":1}' }]],
  ['two in one piece', ['data: a\n\nid: 2\ndata: b\n\n'], [{ id: undefined, data: 'a' }, { id: '2', data: 'b' }]],
  ['one in pieces', ['da', 'ta: a', '\n', '\n'], [{ id: undefined, data: 'a' }]],
  ['several lines of data', ['data: a\ndata: b\n\n'], [{ id: undefined, data: 'a\nb' }]],
  ['comments and the time to come back', ['retry: 2000\n: welcome\n\n: still here\n\ndata: a\n\n'], [{ id: undefined, data: 'a' }]],
  ['line ends of Windows', ['id: 1\r\ndata: a\r\n\r\n'], [{ id: '1', data: 'a' }]],
  ['data without a space, and a colon in it', ['data:a:b\n\n'], [{ id: undefined, data: 'a:b' }]],
  ['what is cut off', ['data: a\n\ndata: b'], [{ id: undefined, data: 'a' }]],
  ['nothing', [], []],
])('%s is read', async (_what, parts, events) => {
  expect(await read(...parts)).toEqual(events);
});

test('a character that is cut in two is read whole', async () => {
  const whole = Buffer.from('data: ä\n\n');
  expect(await read(whole.subarray(0, 7), whole.subarray(7))).toEqual([{ id: undefined, data: 'ä' }]);
});

test('an event without end is not kept for ever', async () => {
  await expect(read(...Array.from({ length: 20 }, () => 'x'.repeat(100_000)))).rejects.toMatchObject({ code: 'too-large' });
});
