import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { LineRef } from '@pier/shared/capability';
import { toFault } from '@pier/shared/core';
import { gpioRoot, scanChips } from './chips.ts';

const Exported = z.strictObject({ at: LineRef, number: z.int().min(0), consumer: z.string().max(128) });
export type Exported = z.infer<typeof Exported>;

/** Who exported: a process of one boot. A number of a process is used again, but not with the same start. */
const Exporter = z.strictObject({ boot: z.string(), pid: z.int(), startTicks: z.string() });
type Exporter = z.infer<typeof Exporter>;

const Record = z.strictObject({ by: Exporter, lines: z.array(Exported).max(4_096).readonly() });

const fileName = /^sysfs-[\da-f-]{36}\.json$/;
/** One that is being written, named after the process that does. */
const writtenName = /^sysfs-[\da-f-]{36}\.json\.(?<pid>\d+)-(?<startTicks>\d*)\.tmp$/;

/**
 * What this agent has exported, on record in a folder of its own: an export outlives its process, and sysfs does not say
 * whose it is. Only lines of such a record are ever taken back from a holder that died.
 */
export class Exports implements Disposable {
  readonly #folder: string;
  readonly #file: string;
  readonly #by: Exporter;
  #lines: readonly Exported[] = [];

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#file = join(folder, `sysfs-${randomUUID()}.json`);
    this.#by = { boot: bootId(), pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' };
  }

  /** Before the export, so that no line is exported that nobody knows of, wherever this process is killed. */
  add(line: Exported): void {
    this.#write([...this.#lines, line]);
  }

  remove(number: number): void {
    this.#write(this.#lines.filter((line) => line.number !== number));
  }

  /** The app that has a line, as far as the living know. */
  consumerOf(number: number): string | undefined {
    return this.#records().flatMap(({ lines }) => lines).find((line) => line.number === number)?.consumer;
  }

  /** Unexports what agents that died have left, and removes what they were writing and what cannot be read. A boot later nothing is exported any more, and numbers mean other lines. */
  sweep(): void {
    this.#tidy();
    const dead = this.#records().filter(({ by }) => !isAlive(by));
    const chips = dead.length === 0 ? [] : scanChips();
    for (const { path, by, lines } of dead) {
      for (const { at, number } of by.boot === this.#by.boot ? lines : []) {
        const base = chips.find(({ label }) => label === at.chip)?.base;
        if (base !== undefined && base + at.line === number && existsSync(join(gpioRoot, `gpio${number}`))) writeFileSync(join(gpioRoot, 'unexport'), String(number));
      }
      rmSync(path, { force: true });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#file, { force: true });
  }

  #write(lines: readonly Exported[]): void {
    this.#lines = lines;
    // Renamed into its place, and not synced: after a loss of power there are no exports.
    const beside = `${this.#file}.${this.#by.pid}-${this.#by.startTicks}.tmp`;
    try {
      writeFileSync(beside, JSON.stringify({ by: this.#by, lines } satisfies z.input<typeof Record>), { mode: 0o600 });
      renameSync(beside, this.#file);
    } catch (cause) {
      rmSync(beside, { force: true });
      // A full disk stops no app; it is told by who watches it, and matters here only if the agent is killed as well.
      if (toFault(cause).code !== 'disk-full') throw cause;
    }
  }

  #tidy(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const writer = writtenName.exec(name)?.groups;
      if (writer ? startTicksOf(Number(writer['pid'])) !== writer['startTicks'] : fileName.test(name) && readRecord(path) === undefined) rmSync(path, { force: true });
    }
  }

  #records(): (z.infer<typeof Record> & { path: string })[] {
    return readdirSync(this.#folder)
      .filter((name) => fileName.test(name))
      .flatMap((name) => {
        const path = join(this.#folder, name);
        const record = readRecord(path);
        return record ? [{ path, ...record }] : [];
      });
  }
}

function readRecord(path: string): z.infer<typeof Record> | undefined {
  try {
    return Record.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Its owner has just ended, or it was damaged: then its lines count as exported by a stranger.
    return undefined;
  }
}

function isAlive({ boot, pid, startTicks }: Exporter): boolean {
  return boot === bootId() && startTicksOf(pid) === startTicks;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Fields 3 and 22 of proc_pid_stat(5); undefined when no such process runs. The name before them may hold anything, also brackets. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that was killed stays listed until its parent has asked for it.
    return ['Z', 'X'].includes(fields[0] ?? '') ? undefined : fields[19];
  } catch {
    // It has ended.
    return undefined;
  }
}
