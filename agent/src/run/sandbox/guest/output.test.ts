import { expect, test } from 'vitest';
import { Output } from './output.ts';

function gather(maxBytesPerS: number) {
  const sent: { readonly stream: string; readonly text: string; readonly dropped: number }[] = [];
  const time = { ns: 0n };
  const output = new Output(maxBytesPerS, () => time.ns, (stream, bytes, dropped) => sent.push({ stream, text: Buffer.from(bytes).toString(), dropped }));
  return { sent, time, output, write: (text: string) => output.write('stdout', [Buffer.from(text)]) };
}

test('a line goes out at once, half a line waits for its end, or that of the guest', () => {
  const { sent, output, write } = gather(1_000);
  write('one\n');
  write('tw');
  expect(sent).toEqual([{ stream: 'stdout', text: 'one\n', dropped: 0 }]);
  write('o\n');
  write('rest');
  output.end();
  expect(sent.map(({ text }) => text)).toEqual(['one\n', 'two\n', 'rest']);
});

test('what is dropped is counted at the place where it is missing', () => {
  const { sent, time, output, write } = gather(10);
  expect(write('0123456789abc')).toBe(13);
  time.ns += 1_000_000_000n;
  write('again');
  output.end();
  expect(sent).toEqual([{ stream: 'stdout', text: '0123456789', dropped: 3 }, { stream: 'stdout', text: 'again', dropped: 0 }]);
});

test('a flood of short lines costs few messages', () => {
  const { sent, output, write } = gather(1 << 20);
  for (let n = 0; n < 50_000; n += 1) write('x\n');
  output.end();
  expect(sent.length).toBeLessThan(300);
  expect(sent.map(({ text }) => text).join('')).toBe('x\n'.repeat(50_000));
});

test('both streams share one rate', () => {
  const { sent, output } = gather(4);
  output.write('stdout', [Buffer.from('abc')]);
  output.write('stderr', [Buffer.from('def')]);
  output.end();
  expect(sent).toEqual([{ stream: 'stderr', text: 'd', dropped: 2 }, { stream: 'stdout', text: 'abc', dropped: 0 }]);
});

const floods: [string, number, (output: Output, n: number) => number][] = [
  ['one byte at a time, past its rate', 256, (output) => output.write('stdout', [Buffer.from('x')])],
  ['two bytes at a time, past a high rate', 1 << 20, (output) => output.write('stdout', [Buffer.from('x\n')])],
  ['in turn on both streams', 256, (output, n) => output.write(n % 2 === 0 ? 'stdout' : 'stderr', [Buffer.from('x\n')])],
  ['with a short sleep after each byte', 1 << 20, (output) => [output.write('stdout', [Buffer.from('x')]), output.rest()][0] ?? 0],
];

test.each(floods)('a guest that floods for 2 s %s costs a bounded number of messages, and each byte is sent or counted', (_name, maxBytesPerS, write) => {
  const { sent, time, output } = gather(maxBytesPerS);
  let written = 0;
  for (let n = 0; n < 1_000_000; n += 1) {
    written += write(output, n);
    time.ns += 2_000n;
  }
  output.end();
  // A burst and 2 s of lines, the same of sleeps, and full chunks of 3 s.
  expect(sent.length).toBeLessThan(3 * 220 + (3 * maxBytesPerS) / 4_096 + 2);
  expect(sent.reduce((sum, { text, dropped }) => sum + text.length + dropped, 0)).toBe(written);
});

test('after a flood, what the guest writes before it sleeps goes out', () => {
  const { sent, output, write } = gather(1 << 20);
  for (let n = 0; n < 300; n += 1) write('x\n');
  output.rest();
  expect(sent.map(({ text }) => text).join('')).toBe('x\n'.repeat(300));
});
