import { expect, test } from 'vitest';
import { Output } from './output.ts';

function gather(maxBytesPerS: number) {
  const sent: { readonly stream: string; readonly text: string; readonly dropped: number }[] = [];
  const time = { ns: 0n };
  const output = new Output(maxBytesPerS, () => time.ns, (stream, bytes, dropped) => sent.push({ stream, text: Buffer.from(bytes).toString(), dropped }));
  return { sent, time, output, write: (text: string) => output.write('stdout', [Buffer.from(text)]) };
}

test('a line goes out at once, half a line waits for its end or a flush', () => {
  const { sent, output, write } = gather(1_000);
  write('one\n');
  write('tw');
  expect(sent).toEqual([{ stream: 'stdout', text: 'one\n', dropped: 0 }]);
  write('o\n');
  write('rest');
  output.flush();
  expect(sent.map(({ text }) => text)).toEqual(['one\n', 'two\n', 'rest']);
});

test('what is dropped is counted at the place where it is missing', () => {
  const { sent, time, output, write } = gather(10);
  expect(write('0123456789abc')).toBe(13);
  time.ns += 1_000_000_000n;
  write('again');
  output.flush();
  expect(sent).toEqual([{ stream: 'stdout', text: '0123456789', dropped: 3 }, { stream: 'stdout', text: 'again', dropped: 0 }]);
});

test('a flood of short lines costs few messages', () => {
  const { sent, output, write } = gather(1 << 20);
  for (let n = 0; n < 50_000; n += 1) write('x\n');
  output.flush();
  expect(sent.length).toBeLessThan(300);
  expect(sent.map(({ text }) => text).join('')).toBe('x\n'.repeat(50_000));
});

test('both streams share one rate', () => {
  const { sent, output } = gather(4);
  output.write('stdout', [Buffer.from('abc')]);
  output.write('stderr', [Buffer.from('def')]);
  output.flush();
  expect(sent).toEqual([{ stream: 'stderr', text: 'd', dropped: 2 }, { stream: 'stdout', text: 'abc', dropped: 0 }]);
});
