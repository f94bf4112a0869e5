import { describe, expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { SimBoardDetail } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import { BoardPage } from './board.tsx';

const line = (n: number, headerPin: number, level: 0 | 1): SimBoardDetail['lines'][number] => ({ chip: 'pinctrl-bcm2711', line: n, name: `GPIO${n}`, headerPin, reserved: null, level, direction: 'in', consumer: null, edges: 0 });
const port = (more: Partial<SimBoardDetail['ports'][number]> = {}): SimBoardDetail['ports'][number] => ({ port: 'meter', path: '/boards/b/serial/meter', plugged: true, part: 'meter', baud: 9_600, fault: 'none', faultsLeft: null, bytesIn: 0, bytesOut: 0, frames: 7, crcErrors: 0, answers: 6, ...more });
const board = (more: Partial<SimBoardDetail> = {}): SimBoardDetail => ({
  id: 'bench', model: 'raspberry-pi-4b', device: null, answers: true, parts: 3, at: '2026-11-20T10:00:00.000Z',
  lines: [line(17, 11, 1), line(27, 13, 1)], ports: [port()],
  partList: [
    { name: 'led', kind: 'led', line: 'GPIO17', port: null, values: {} },
    { name: 'door', kind: 'button', line: 'GPIO27', port: null, values: {} },
    { name: 'meter', kind: 'modbus-meter', line: null, port: 'meter', values: { voltageV: 230, powerW: 500 } },
  ],
  ...more,
});

/** A board that answers what it last was, and takes each act as the test says. */
const bench = (act: (body: unknown) => SimBoardDetail = () => board()) => {
  const asked: unknown[] = [];
  let now = board();
  const answers = {
    getSimBoard: () => now,
    getSimRecording: () => ({ edges: [], nowNs: '1000000000', next: '0-0', left: 0 }),
    listAudit: () => ({ items: [], next: null }),
    actOnSimBoard: (request: unknown) => {
      const { body } = request as { body: unknown };
      asked.push(body);
      return (now = act(body));
    },
  };
  return { asked, answers, set: (next: SimBoardDetail) => (now = next) };
};

describe('the page of a simulated board', () => {
  test('shows each part with its line, its level as a letter, and who holds it', async () => {
    const screen = await show(<BoardPage id="bench" />, { answers: bench().answers });
    const door = screen.getByRole('region', { name: 'Button door' });
    await expect.element(door.getByText('GPIO27, pin 13; no app holds it')).toBeVisible();
    await expect.element(door.getByText('H', { exact: true })).toBeVisible();
    await expect.element(screen.getByRole('region', { name: 'Modbus meter meter' }).getByText('500 W')).toBeVisible();
    await expect.element(screen.getByText('7 questions, 6 answers', { exact: false })).toBeVisible();
  });

  test('presses a button, and shows what the board answers at once', async () => {
    const { asked, answers } = bench(() => board({ lines: [line(17, 11, 1), line(27, 13, 0)] }));
    const screen = await show(<BoardPage id="bench" />, { answers });
    const door = screen.getByRole('region', { name: 'Button door' });
    await door.getByRole('button', { name: 'Press 100 ms' }).click();
    await expect.element(door.getByText('low')).toBeVisible();
    expect(asked).toEqual([{ act: 'press', part: 'door', ms: 100 }]);
  });

  test('holds a button at the other level', async () => {
    const { asked, answers } = bench(() => board({ lines: [line(17, 11, 1), line(27, 13, 0)] }));
    const screen = await show(<BoardPage id="bench" />, { answers });
    await screen.getByRole('button', { name: 'Hold at L' }).click();
    await expect.element(screen.getByRole('button', { name: 'Hold at H' })).toBeVisible();
    expect(asked).toEqual([{ act: 'level', line: 'door', level: 0 }]);
  });

  test('lists a pulled plug first among the faults, with its end', async () => {
    const { asked, answers, set } = bench();
    set(board({ ports: [port({ plugged: false, fault: 'crc', faultsLeft: 2 })] }));
    const screen = await show(<BoardPage id="bench" />, { answers });
    const faults = screen.getByRole('region', { name: 'Faults' });
    await expect.element(faults.getByText('2 on; each goes into the audit')).toBeVisible();
    await expect.poll(() => faults.getByRole('listitem').elements().slice(0, 2).map((item) => item.textContent)).toEqual([expect.stringContaining('meter unplugged'), expect.stringContaining('meter wrong check sum for 2 more')]);
    await faults.getByRole('button', { name: 'Plug in' }).click();
    await expect.element(faults.getByText('none is on', { exact: false })).toBeVisible();
    expect(asked).toEqual([{ act: 'plug', port: 'meter' }]);
  });

  test('spoils so many answers as are typed', async () => {
    const { asked, answers } = bench();
    const screen = await show(<BoardPage id="bench" />, { answers });
    await screen.getByLabelText('For so many answers').fill('12');
    await screen.getByRole('button', { name: 'Inject No answer' }).click();
    await expect.poll(() => asked).toEqual([{ act: 'fault', port: 'meter', fault: 'silent', count: 12 }]);
  });

  test('each key on the slider of a meter goes on from the one before, also before the board has answered', async () => {
    let power = 500;
    const { asked, answers } = bench((body) => {
      power = (body as { values: { powerW: number } }).values.powerW;
      return board({ partList: board().partList.map((one) => (one.name === 'meter' ? { ...one, values: { ...one.values, powerW: power } } : one)) });
    });
    const screen = await show(<BoardPage id="bench" />, { answers });
    const slider = screen.getByRole('slider', { name: 'Power of meter, W' });
    await expect.element(slider).toHaveValue('500');
    (slider.element() as HTMLElement).focus();
    await userEvent.keyboard('{ArrowRight}{ArrowRight}{ArrowRight}{ArrowRight}{ArrowRight}');
    await expect.element(slider).toHaveValue('550');
    await expect.poll(() => power).toBe(550);
    expect(asked.map((body) => (body as { values: { powerW: number } }).values.powerW)).toEqual([510, 520, 530, 540, 550]);
  });

  test('says what the board said no to, and goes on', async () => {
    const { answers } = bench(() => {
      throw new Fault('conflict', 'GPIO27 is an output of "blink"');
    });
    const screen = await show(<BoardPage id="bench" />, { answers });
    await screen.getByRole('button', { name: 'Hold at L' }).click();
    await expect.element(screen.getByRole('alert')).toHaveTextContent('Not done. GPIO27 is an output of "blink". conflict');
  });

  test('is for looking only where the person may not act, and says why', async () => {
    const { asked, answers } = bench();
    const screen = await show(<BoardPage id="bench" />, { answers, me: { user: 'vera', role: 'viewer' } });
    await expect.element(screen.getByText('Looking only. For operators; you are viewer.')).toBeVisible();
    await screen.getByRole('button', { name: 'Press 100 ms' }).click({ force: true });
    await expect.element(screen.getByRole('button', { name: 'Press 100 ms' })).toHaveAttribute('aria-disabled', 'true');
    expect(asked).toEqual([]);
  });

  test('of one that does not answer says so, and how to start it', async () => {
    const gone = () => {
      throw new Fault('board-gone', 'the simulated board "bench" does not run');
    };
    const screen = await show(<BoardPage id="bench" />, { answers: { ...bench().answers, getSimBoard: gone } });
    await expect.element(screen.getByRole('alert').getByText('The board does not answer', { exact: false })).toBeVisible();
    await expect.element(screen.getByText('pier sim board board.json --dir DIR/bench')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Press 100 ms' }).elements()).toEqual([]);
  });
});
