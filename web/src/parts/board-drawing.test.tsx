import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { BoardDrawing, BoardLegend } from './board-drawing.tsx';
import { type LineUse, headerPins } from './board-pins.ts';

const lines = [
  { name: 'GPIO4', headerPin: 7 },
  { name: 'GPIO17', headerPin: 11 },
  { name: 'GPIO14', headerPin: 8, reserved: 'console' },
  { name: 'PWR_LED', headerPin: null },
];
const led: LineUse = { name: 'GPIO17', label: 'led', app: 'blink', direction: 'out', level: 1, edges: 4 };
const flow: LineUse = { name: 'GPIO4', label: 'flow', app: 'pump', direction: 'in', level: undefined, edges: 0 };

test('a header has its power and ground where every board has them, and its lines where the profile leads them', () => {
  const pins = headerPins({ lines, uses: [led] });
  expect(pins.map(({ pin }) => pin)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(pins.filter(({ kind }) => kind === 'power').map(({ pin, name }) => `${pin} ${name}`)).toEqual(['1 3.3 V', '2 5 V', '4 5 V', '17 3.3 V']);
  expect(pins.filter(({ kind }) => kind === 'ground').map(({ pin }) => pin)).toEqual([6, 9, 14, 20, 25, 30, 34, 39]);
  expect(pins[10]).toEqual({ pin: 11, name: 'GPIO17', kind: 'line', use: { label: 'led', app: 'blink', direction: 'out', level: 1, edges: 4 } });
  expect(pins[7]).toEqual({ pin: 8, name: 'GPIO14', kind: 'reserved', note: 'console' });
});

test('a pin that no line of the board comes out at is not free, and a line without a pin stands at none', () => {
  const pins = headerPins({ lines, uses: [{ ...led, name: 'PWR_LED' }] });
  expect(pins[39]).toEqual({ pin: 40, name: '–', kind: 'reserved', note: 'not led out' });
  expect(pins.some(({ use, name }) => use !== undefined || name === 'PWR_LED')).toBe(false);
});

test('says in a sentence which pins are in use, and at which level', async () => {
  const screen = await show(<BoardDrawing pins={headerPins({ lines, uses: [led, flow] })} />);
  const board = screen.getByRole('img').element();
  expect(board.getAttribute('aria-label')).toContain('2 in use: pin 7, GPIO4: flow of pump, input, level unknown; pin 11, GPIO17: led of blink, output, high.');
  expect([...board.querySelectorAll('.pad-letter')].map(({ textContent }) => textContent)).toEqual(['?', 'H']);
  expect(board.querySelectorAll('rect.pad-rim').length).toBe(1);
});

test('pointing at a used line names it to the table beside, and leaving says so', async () => {
  const told: (string | undefined)[] = [];
  const screen = await show(<BoardDrawing pins={headerPins({ lines, uses: [led] })} onChoose={(line) => told.push(line)} />);
  await screen.getByText('GPIO17').hover();
  await expect.poll(() => told.at(-1)).toBe('GPIO17');
  await screen.getByText('GPIO4').hover();
  await expect.poll(() => told.at(-1)).toBeUndefined();
});

test('many levels in a moment are drawn as few, and the last of them is what stays', async () => {
  const at = (level: 0 | 1) => <BoardDrawing pins={headerPins({ lines, uses: [{ ...led, level }] })} />;
  const screen = await show(at(1));
  const letters: (string | null | undefined)[] = [];
  const letter = (): string | null | undefined => screen.getByRole('img').element().querySelector('.pad-letter')?.textContent;
  for (let turn = 0; turn < 21; turn += 1) {
    await screen.rerender(at(turn % 2 === 0 ? 0 : 1));
    letters.push(letter());
  }
  const changes = letters.filter((one, index) => index > 0 && one !== letters[index - 1]).length;
  expect(changes).toBeLessThan(20);
  await expect.poll(letter).toBe('L');
});

test('letters and arrows are explained', async () => {
  const screen = await show(<BoardLegend />);
  expect([...screen.container.querySelectorAll('.board-legend > span')].map(({ textContent }) => textContent.trim())).toEqual(['H high', 'L low', 'out', 'in', 'system']);
});
