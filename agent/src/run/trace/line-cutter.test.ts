import { describe, expect, test } from 'vitest';
import { LineCutter, lineCharactersMax } from './index.ts';

const texts = (...pieces: (string | Uint8Array)[]): string[] => {
  const cutter = new LineCutter();
  return [...pieces.flatMap((piece) => cutter.push(Buffer.from(piece))), ...cutter.end()].map(({ text }) => text);
};

describe('lines', () => {
  test.each<[string, string[], string[]]>([
    ['come out as they were written', ['one\ntwo\n'], ['one', 'two']],
    ['that come in pieces are put together', ['o', 'ne\nt', 'wo\n'], ['one', 'two']],
    ['that are empty are lines too', ['\n\na\n'], ['', '', 'a']],
    ['without an end come at the end', ['a\nhalf'], ['a', 'half']],
    ['lose the carriage return of other systems', ['a\r\nb\r\n'], ['a', 'b']],
  ])('%s', (_name, pieces, lines) => expect(texts(...pieces)).toEqual(lines));

  test('are still whole when a character of several bytes is cut between two writes', () => {
    const bytes = Buffer.from('Kälte −5 °C 🌡\n');
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(texts(...pieces)).toEqual(['Kälte −5 °C 🌡']);
  });

  test('that are no text are made text: no byte stops a message or moves a terminal', () => {
    expect(texts(Uint8Array.of(0xff, 0x41, 0xc3, 10), 'a\0b\u001b[2Jc\u0085\td\n')).toEqual(['\uFFFDA\uFFFD', 'a\uFFFDb\uFFFD[2Jc\uFFFD\td']);
    expect(texts(Uint8Array.of(0x41, 0xf0, 0x9f))).toEqual(['A\uFFFD']);
  });
});

describe('a long line', () => {
  test('is cut with a mark, and what was cut is counted', () => {
    const cutter = new LineCutter();
    expect(cutter.push(Buffer.from('x'.repeat(1_999)))).toEqual([]);
    expect(cutter.push(Buffer.from(`yzö${'z'.repeat(100)}`))).toEqual([]);
    const [line, next] = cutter.push(Buffer.from('end\nnext\n'));
    expect(line?.text).toBe(`${'x'.repeat(1_998)} …`);
    expect(line?.cutBytes).toBe(1 + 2 + 100 + 3);
    expect(next).toEqual({ text: 'next', cutBytes: 0 });
  });

  test('of just the right length is not', () => {
    expect(texts(`${'x'.repeat(lineCharactersMax)}\n`)).toEqual(['x'.repeat(lineCharactersMax)]);
  });

  test('is cut between characters, never in the middle of one', () => {
    const [text = ''] = texts(`x${'🌡'.repeat(1_500)}\n`);
    expect(text.length).toBeLessThanOrEqual(lineCharactersMax);
    expect(text.isWellFormed()).toBe(true);
    expect(text.endsWith(' …')).toBe(true);
  });

  test('without an end takes no more memory than one line', () => {
    const cutter = new LineCutter();
    for (let n = 0; n < 1_000; n += 1) expect(cutter.push(Buffer.alloc(64 << 10, 'x'))).toEqual([]);
    expect(cutter.end()[0]).toMatchObject({ cutBytes: 1_000 * (64 << 10) - lineCharactersMax });
  });
});
