/** The frames of the example "meter", compiled as the app compiles them. */
import { readFileSync } from 'node:fs';
import { main } from 'assemblyscript/asc';
import { beforeAll, expect, test } from 'vitest';

type Frames = { readonly memory: WebAssembly.Memory; crc16(at: number, length: number): number; writeRequest(at: number, unit: number, register: number): void; judge(at: number, length: number, unit: number): number; valueOf(at: number): number };
const frame = { good: 0, unfinished: 1, badCrc: 2, wrongUnit: 3, wrongLength: 4, exception: 5 } as const;
const at = 4_096;
let frames: Frames;

beforeAll(async () => {
  const source = readFileSync(new URL('../examples/meter/assembly/frame.ts', import.meta.url), 'utf8');
  const built: { wasm?: Uint8Array<ArrayBuffer> } = {};
  const { error } = await main(['frame.ts', '--outFile', 'frame.wasm', '--runtime', 'stub', '--noColors', '--initialMemory', '1'], {
    readFile: (name) => (name === 'frame.ts' ? source : null),
    listFiles: () => [],
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') built.wasm = Uint8Array.from(contents);
    },
  });
  if (error || !built.wasm) throw error ?? new Error('frame.ts does not compile');
  frames = new WebAssembly.Instance(await WebAssembly.compile(built.wasm)).exports as Frames;
});

const put = (bytes: readonly number[]): number => {
  new Uint8Array(frames.memory.buffer, at, bytes.length).set(bytes);
  return bytes.length;
};
const hex = (text: string): number[] => [...Buffer.from(text.replaceAll(' ', ''), 'hex')];
const judged = (bytes: readonly number[], unit = 1): number => frames.judge(at, put(bytes), unit);
const withCrc = (bytes: readonly number[]): number[] => {
  const crc = frames.crc16(at, put(bytes)) & 0xffff;
  return [...bytes, crc & 0xff, crc >> 8];
};

test('the question for the voltage is the one of the manual', () => {
  frames.writeRequest(at, 1, 0);
  expect(Buffer.from(frames.memory.buffer, at, 8).toString('hex')).toBe('01040000000271cb');
  frames.writeRequest(at, 1, 0x0156);
  expect(Buffer.from(frames.memory.buffer, at, 6).toString('hex')).toBe('010401560002');
});

test('the CRC is that of "123456789" in every table of CRCs', () => {
  expect(frames.crc16(at, put([...Buffer.from('123456789')])) & 0xffff).toBe(0x4b37);
});

test('a good answer gives its float', () => {
  const answer = withCrc(hex('01 04 04 43 66 33 34'));
  expect(judged(answer)).toBe(frame.good);
  expect(frames.valueOf(at)).toBeCloseTo(230.2, 4);
});

test('an answer is unfinished until its last byte', () => {
  const answer = withCrc(hex('01 04 04 43 66 33 34'));
  for (let length = 0; length < answer.length; length += 1) expect(judged(answer.slice(0, length))).toBe(frame.unfinished);
});

test('any bit that is flipped is noticed', () => {
  const answer = withCrc(hex('01 04 04 43 66 33 34'));
  for (let bit = 0; bit < answer.length * 8; bit += 1) expect(judged(answer.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)))).not.toBe(frame.good);
});

test.each([
  ['of another unit', '02 04 04 43 66 33 34', frame.wrongUnit],
  ['to another function', '01 03 04 43 66 33 34', frame.wrongLength],
  ['with another count', '01 04 02 43 66 33 34', frame.wrongLength],
  ['that is too long', '01 04 04 43 66 33 34 00', frame.wrongLength],
  ['that is an exception', '01 84 02', frame.exception],
] as const)('an answer %s is told apart', (_, bytes, expected) => {
  expect(judged(withCrc(hex(bytes)))).toBe(expected);
});
