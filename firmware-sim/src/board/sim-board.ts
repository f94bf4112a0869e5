/** A board's pins as data: who holds which line, what drives it, what level that gives. No clock, no files, no sockets. */
import { Fault, type Verdict, accept, refuse } from '@pier/shared/core';
import type { BoardFile, BoardProfile, Level, LineCell, LineRequest, SimLine, SimRecord } from '@pier/shared/hardware';
import { type BoardModel, boardModels } from './model/index.ts';

/** What is wired to one line; parts on serial ports are no concern of the pins. */
type Part = Extract<BoardFile['parts'][number], { line: string }>;
const portsMax = 32;

/** Who opened a line: `owner` tells connections apart, `handle` names this one opening. */
export type Holder = { readonly handle: LineCell<'stream'>['handle']; readonly owner: object; readonly consumer: string; readonly opened: 'in' | 'out' };

export type SimPin = {
  readonly at: LineRequest['at'];
  readonly name: string;
  readonly reserved: string | undefined;
  readonly part: Part | undefined;
  /** What the chip's own pull after reset gives. */
  readonly rest: Level;
  direction: 'in' | 'out';
  bias: 'up' | 'down' | 'none';
  /** What it drives while it is an output. */
  driven: Level;
  /** What somebody outside put on it while it is an input. */
  outside: Level | undefined;
  /** How many presses of its button last at the moment. */
  presses: number;
  holder: Holder | undefined;
  level: Level;
  edges: number;
  /** When its holder last wrote it; an older write that comes later is superseded. */
  writtenNs: bigint;
};

export type SimBoard = {
  readonly profile: BoardProfile;
  readonly pins: readonly SimPin[];
  readonly byHandle: Map<number, SimPin>;
  lastHandle: number;
};

/** One change of level or direction, as it goes into the record. */
export type Change = { readonly pin: SimPin; readonly tNs: bigint; readonly level: Level; readonly moved: boolean; readonly by: SimRecord['by']; readonly direction: 'in' | 'out'; readonly consumer: string | null };

/** A bare board of a model, without serial ports of its own: the models' are taken by consoles and Bluetooth, which are not simulated. */
export function boardProfile(model: BoardFile['model'], onRelease: BoardProfile['onRelease']): BoardProfile {
  return { model, onRelease, chips: [...boardModels[model].chips], serial: [] };
}

/** Faults: `input-invalid` for a part on a line that the board does not have or does not give away, or for a name, line or port used twice. */
export function makeBoard(file: BoardFile, serial: BoardProfile['serial'] = []): SimBoard {
  const model = boardModels[file.model];
  const profile: BoardProfile = { ...boardProfile(file.model, file.onRelease), serial };
  checkParts(file, profile);
  const parts = file.parts.flatMap((part) => ('line' in part ? [part] : []));
  const pins = profile.chips.flatMap((chip) => chip.lines.map((line) => makePin(chip.label, line, { parts, model })));
  return { profile, pins, byHandle: new Map(), lastHandle: 0 };
}

function checkParts({ model, parts }: BoardFile, { chips }: BoardProfile): void {
  const free = chips.flatMap((chip) => chip.lines.filter((line) => line.reserved === undefined).map((line) => line.name));
  const seen = new Set<string>();
  for (const part of parts) {
    if ('line' in part && !free.includes(part.line)) throw new Fault('input-invalid', `part "${part.name}" is wired to "${part.line}", which is no free line of a ${model}; GPIO2 to GPIO27 are`);
    for (const key of [`name "${part.name}"`, 'line' in part ? `line "${part.line}"` : `port "${part.port}"`]) {
      if (seen.has(key)) throw new Fault('input-invalid', `two parts share the ${key}`);
      seen.add(key);
    }
  }
  if (parts.filter((part) => 'port' in part).length > portsMax) throw new Fault('input-invalid', `a board has at most ${portsMax} serial ports`);
}

function makePin(chip: string, line: BoardProfile['chips'][number]['lines'][number], { parts, model }: { parts: readonly Part[]; model: BoardModel }): SimPin {
  const pin: SimPin = {
    at: { chip, line: line.line }, name: line.name, reserved: line.reserved, part: parts.find((part) => line.reserved === undefined && part.line === line.name), rest: model.resetPull(chip, line.line) === 'up' ? 1 : 0,
    direction: 'in', bias: 'none', driven: 0, outside: undefined, presses: 0, holder: undefined, level: 0, edges: 0, writtenNs: 0n,
  };
  pin.level = levelOf(pin);
  return pin;
}

/** What the line shows: an output's own level, else the strongest of a pressed button, somebody outside, and the pull. */
function levelOf(pin: SimPin): Level {
  if (pin.direction === 'out') return pin.driven;
  const pressed = pin.part?.part === 'button' ? pin.part.pressed : undefined;
  if (pin.presses > 0 && pressed !== undefined) return pressed === 'high' ? 1 : 0;
  if (pin.outside !== undefined) return pin.outside;
  if (pin.bias !== 'none') return pin.bias === 'up' ? 1 : 0;
  // A button comes with a resistor to its idle level, which wins against the chip's weak pull after reset.
  if (pressed !== undefined) return pressed === 'high' ? 0 : 1;
  return pin.rest;
}

/** Lets the pin settle after `act`, and tells what of it could be seen. */
function change(pin: SimPin, { tNs, by, act }: { tNs: bigint; by: Change['by']; act: () => void }): readonly Change[] {
  const before = pin.direction;
  const consumer = pin.holder?.consumer ?? null;
  act();
  const level = levelOf(pin);
  const moved = level !== pin.level;
  if (!moved && pin.direction === before) return [];
  pin.level = level;
  if (moved) pin.edges += 1;
  return [{ pin, tNs, level, moved, by, direction: pin.direction, consumer: pin.holder?.consumer ?? consumer }];
}

type Opened = { readonly handle: number; readonly pin: SimPin; readonly changes: readonly Change[] };

/** Gives a line to one holder, as the kernel does: configured in the same step, refused to everybody else. */
export function openPin(board: SimBoard, { at, direction, bias = 'none', initial = 0, consumer, owner }: LineRequest & { owner: object }, nowNs: bigint): Verdict<Opened> {
  const taken = exportPin(board, { at, opened: direction, consumer, owner });
  if (!taken.ok) return taken;
  const { handle, pin } = taken.value;
  const changes = change(pin, {
    tNs: nowNs,
    by: 'agent',
    act: () => {
      pin.writtenNs = nowNs;
      pin.bias = bias;
      pin.direction = direction;
      if (direction === 'out') pin.driven = initial;
    },
  });
  return accept({ handle, pin, changes });
}

/** Gives a line to one holder and leaves it as it is, as an export in sysfs does. */
export function exportPin(board: SimBoard, { at, opened, consumer, owner }: { at: LineRequest['at']; opened: Holder['opened']; consumer: string; owner: object }): Verdict<Omit<Opened, 'changes'>> {
  const pin = board.pins.find((one) => one.at.chip === at.chip && one.at.line === at.line);
  if (!pin) return refuse('line-unknown', `a ${board.profile.model} has no line ${at.line} on a chip "${at.chip}"`);
  if (pin.reserved !== undefined) return refuse('line-reserved', `${pin.name} (${at.chip} line ${at.line}) is used by the kernel: ${pin.reserved}`);
  if (pin.holder) return refuse('line-busy', `${pin.name} (${at.chip} line ${at.line}) is held by "${pin.holder.consumer}"`);
  const handle = (board.lastHandle += 1);
  pin.holder = { handle, owner, consumer, opened };
  board.byHandle.set(handle, pin);
  return accept({ handle, pin });
}

/** The pin behind a handle, for the one who opened it. */
export function heldPin(board: SimBoard, { handle, owner }: { handle: number; owner: object }): Verdict<SimPin> {
  const pin = board.byHandle.get(handle);
  return pin?.holder?.owner === owner ? accept(pin) : refuse('not-found', `this connection holds no line ${handle}`);
}

/** Drives a held output from the agent's side. */
export function setPin(pin: SimPin, to: Level | 'input', nowNs: bigint): Verdict<readonly Change[]> {
  if (pin.holder?.opened !== 'out') return refuse('conflict', `${pin.name} was opened as an input and is not driven`);
  return accept(
    change(pin, {
      tNs: nowNs,
      by: 'agent',
      act: () => {
        pin.writtenNs = nowNs;
        pin.direction = to === 'input' ? 'in' : 'out';
        if (to !== 'input') pin.driven = to;
      },
    }),
  );
}

export type Write = { readonly handle: number; readonly level: Level; readonly tNs: bigint };

/**
 * Applies writes of value cells in the order of their times. Those for a line that is not an open output are dropped, as
 * are those older than what the line did since; both are counted.
 */
export function applyWrites(board: SimBoard, writes: readonly Write[], nowNs: bigint): { readonly changes: readonly Change[]; readonly dropped: number } {
  const changes: Change[] = [];
  let dropped = 0;
  for (const { handle, level, tNs: claimedNs } of inOrder(writes)) {
    const pin = board.byHandle.get(handle);
    // A time in the future would make every later write look old.
    const tNs = claimedNs > nowNs ? nowNs : claimedNs;
    if (pin?.direction !== 'out' || tNs < pin.writtenNs) {
      dropped += 1;
      continue;
    }
    pin.writtenNs = tNs;
    changes.push(...change(pin, { tNs, by: 'guest', act: () => (pin.driven = level) }));
  }
  return { changes, dropped };
}

function inOrder(writes: readonly Write[]): readonly Write[] {
  return writes.some((write, index) => index > 0 && write.tNs < (writes[index - 1]?.tNs ?? 0n)) ? writes.toSorted((a, b) => (a.tNs < b.tNs ? -1 : a.tNs > b.tNs ? 1 : 0)) : writes;
}

/** Takes a line from its holder; what the line does then is the profile's. */
export function releasePin(board: SimBoard, pin: SimPin, nowNs: bigint): readonly Change[] {
  return change(pin, {
    tNs: nowNs,
    by: 'release',
    act: () => {
      if (pin.holder) board.byHandle.delete(pin.holder.handle);
      pin.holder = undefined;
      if (board.profile.onRelease === 'keep' && pin.direction === 'out') return;
      pin.direction = 'in';
      pin.bias = 'none';
    },
  });
}

export function pinsOf(board: SimBoard, owner: object): readonly SimPin[] {
  return board.pins.filter((pin) => pin.holder?.owner === owner);
}

/** Puts a level on an input from outside, named by its line or by the part on it. */
export function driveOutside(board: SimBoard, { name, level }: { name: string; level: Level }, nowNs: bigint): Verdict<readonly Change[]> {
  const pin = board.pins.find((one) => one.name === name || one.part?.name === name);
  if (!pin) return refuse('line-unknown', `this board has neither a line nor a part named "${name}"`);
  if (pin.reserved !== undefined) return refuse('line-reserved', `${pin.name} is used by the kernel: ${pin.reserved}`);
  if (pin.direction === 'out') return refuse('conflict', `${pin.name} is an output of "${pin.holder?.consumer ?? 'nobody'}"; only inputs are driven from outside`);
  return accept(change(pin, { tNs: nowNs, by: 'outside', act: () => (pin.outside = level) }));
}

/** Presses a button (`by` 1) or lets it go (`by` -1); presses overlap like fingers. */
export function pressPart(board: SimBoard, { part, by }: { part: string; by: 1 | -1 }, nowNs: bigint): Verdict<readonly Change[]> {
  const pin = board.pins.find((one) => one.part?.name === part);
  if (pin?.part?.part !== 'button') return refuse('not-found', pin ? `"${part}" is a ${pin.part?.part}, not a button` : `this board has no part "${part}"`);
  return accept(change(pin, { tNs: nowNs, by: 'outside', act: () => (pin.presses += by) }));
}

export function linesOf(board: SimBoard): SimLine[] {
  return board.pins.map((pin) => ({ ...pin.at, name: pin.name, level: pin.level, direction: pin.direction, consumer: pin.holder?.consumer ?? pin.reserved ?? null, edges: pin.edges }));
}

export function recordOf({ pin, tNs, level, direction, by, consumer }: Change): SimRecord {
  return { tNs: String(tNs), ...pin.at, name: pin.name, level, direction, by, consumer };
}
