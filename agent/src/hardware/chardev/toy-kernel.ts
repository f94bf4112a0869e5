/** A kernel for tests, behind the ioctl door: chips are named pipes in a folder, and so are the lines that it opens. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants as flags, fstatSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Level } from '@pier/shared/hardware';
import { eventBytes } from './codec.ts';
import type { Kernel } from './kernel.ts';
import { requests, structs } from './layout.ts';

type ToyLine = { readonly name: string; readonly consumer: string; readonly used: boolean };
type Held = { readonly consumer: string; readonly fd: number; readonly inode: number };
type ToyChip = { readonly label: string; readonly lines: readonly ToyLine[]; readonly inode: number; readonly held: Map<number, Held> };
/** What was asked of a line, in order: structures as they came. */
export type Asked = { readonly request: number; readonly bytes: Uint8Array };

const errnos = { ENODEV: 19, EINVAL: 22, EBUSY: 16, ENOTTY: 25 } as const;
const nameOf = (errno: number): string => Object.entries(errnos).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;

const textAt = (bytes: Uint8Array, at: number): string => new TextDecoder().decode(bytes.subarray(at, at + 32)).split('\0')[0] ?? '';
const inodeOf = (fd: number): number | undefined => {
  try {
    return fstatSync(fd).ino;
  } catch {
    // Closed.
    return undefined;
  }
};

export class ToyKernel implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'pier-chardev-'));
  readonly roots = { dev: join(this.dir, 'dev'), sys: join(this.dir, 'sys'), proc: join(this.dir, 'proc') };
  readonly asked: Asked[] = [];
  readonly #chips: ToyChip[] = [];
  #pipes = 0;
  isGone = false;
  /** Answers every request of its number, before the toy does. */
  readonly refuses = new Map<number, keyof typeof errnos>();

  constructor() {
    for (const dir of Object.values(this.roots)) mkdirSync(dir);
  }

  get kernel(): Kernel {
    return { nameOf, ioctl: (fd, request, bytes) => (this.#answer(fd, request, bytes) satisfies number) };
  }

  addChip(device: string, label: string, lines: readonly Partial<ToyLine>[]): void {
    const path = this.#makePipe(join(this.roots.dev, device));
    const fd = openSync(path, flags.O_RDWR | flags.O_NONBLOCK);
    this.#chips.push({ label, lines: lines.map((line) => ({ name: '', consumer: '', used: false, ...line })), inode: fstatSync(fd).ino, held: new Map() });
    closeSync(fd);
  }

  /** Lets a held line have an edge. */
  edge(line: number, event: { readonly level: Level; readonly lineSeq: number; readonly tNs?: bigint }): void {
    const held = this.#chips.flatMap((chip) => chip.held.get(line) ?? []).at(-1);
    const bytes = new Uint8Array(eventBytes);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, event.tNs ?? 1n, true);
    view.setUint32(8, event.level === 1 ? 1 : 2, true);
    view.setUint32(20, event.lineSeq, true);
    if (held) writeSync(held.fd, bytes);
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true });
  }

  #makePipe(path: string): string {
    if (spawnSync('mkfifo', [path]).status !== 0) throw new Error(`no pipe ${path}`);
    return path;
  }

  #answer(fd: number, request: number, bytes: Uint8Array): number {
    const refused = this.refuses.get(request);
    if (refused) return errnos[refused];
    if (this.isGone) return errnos.ENODEV;
    const chip = this.#chips.find(({ inode }) => inode === inodeOf(fd));
    if (!chip) this.asked.push({ request, bytes: bytes.slice() });
    else if (request === requests.GPIO_GET_CHIPINFO_IOCTL) fill(bytes, { 32: chip.label }).setUint32(structs.gpiochip_info.fields.lines[0], chip.lines.length, true);
    else if (request === requests.GPIO_V2_GET_LINEINFO_IOCTL) return this.#tell(chip, bytes);
    else if (request === requests.GPIO_V2_GET_LINE_IOCTL) return this.#open(chip, bytes);
    else return errnos.ENOTTY;
    return 0;
  }

  #tell(chip: ToyChip, bytes: Uint8Array): number {
    const offset = new DataView(bytes.buffer).getUint32(64, true);
    const line = chip.lines[offset];
    if (!line) return errnos.EINVAL;
    const held = chip.held.get(offset);
    const isHeld = held !== undefined && inodeOf(held.fd) === held.inode;
    fill(bytes, { 0: line.name, 32: isHeld ? held.consumer : line.consumer }).setBigUint64(72, isHeld || line.used ? 1n : 0n, true);
    return 0;
  }

  #open(chip: ToyChip, bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer);
    const offset = view.getUint32(0, true);
    const held = chip.held.get(offset);
    if (!chip.lines[offset]) return errnos.EINVAL;
    if (chip.lines[offset].used || (held && inodeOf(held.fd) === held.inode)) return errnos.EBUSY;
    this.asked.push({ request: requests.GPIO_V2_GET_LINE_IOCTL, bytes: bytes.slice() });
    this.#pipes += 1;
    const fd = openSync(this.#makePipe(join(this.dir, `line-${this.#pipes}`)), flags.O_RDWR | flags.O_NONBLOCK);
    chip.held.set(offset, { consumer: textAt(bytes, 256), fd, inode: fstatSync(fd).ino });
    view.setInt32(588, fd, true);
    return 0;
  }
}

function fill(bytes: Uint8Array, texts: Readonly<Record<number, string>>): DataView {
  for (const [at, text] of Object.entries(texts)) new TextEncoder().encodeInto(text, bytes.subarray(Number(at), Number(at) + 32));
  return new DataView(bytes.buffer);
}
