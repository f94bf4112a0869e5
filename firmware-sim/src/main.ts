import { readFileSync } from 'node:fs';
import { Fault, check, parseJson, systemClock, systemRandom, toFault } from '@pier/shared/core';
import { BoardFile, type SimOrder, type SimResult, simClient } from '@pier/shared/hardware';
import { processLog, shutdownSignal } from '@pier/shared/process';
import { connectBoard, serveBoard } from './server/index.ts';
import { serveSysfs } from './sysfs/index.ts';
import { type BoardWords, readWords } from './words.ts';

/** Runs a board until a signal ends it. */
async function runBoard({ file, dir, ready, sysfs: options }: BoardWords): Promise<void> {
  const signal = shutdownSignal();
  const log = processLog('board');
  await using served = await serveBoard({ file: readBoardFile(file), dir, clock: systemClock, random: systemRandom, log });
  const { socket, record, live } = served;
  await using _ = options && (await serveSysfs({ live, clock: systemClock, log, options }));
  const sysfs = options && { sysfs: options.dir };
  process.stdout.write(ready ? `${JSON.stringify({ ready: true, socket, record, ...sysfs })}\n` : `board ready: ${socket}${options ? `, its pins in ${options.dir}` : ''}\n`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  log.info({ dropped: served.dropped() }, 'board.stopped');
}

function readBoardFile(file: string): BoardFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new Fault('not-found', `the board file ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
  return check(BoardFile, parseJson(bytes, { what: file }), { what: file });
}

/** Sends one order to the board that runs in a folder. */
async function order(dir: string, what: SimOrder): Promise<SimResult> {
  const socket = await connectBoard(dir);
  if (!socket) throw new Fault('unreachable', `no simulated board is running in ${dir}`);
  await using client = simClient({ socket, clock: systemClock });
  return await client.request(what, client.gone);
}

async function showLines(dir: string, json: boolean): Promise<void> {
  const result = await order(dir, { op: 'lines' });
  const lines = 'lines' in result ? result.lines : [];
  const table = lines.map((line) => `${line.chip} ${String(line.line).padStart(2)} ${line.name.padEnd(16)} ${line.direction.padEnd(3)} ${line.level} ${String(line.edges).padStart(6)} ${line.consumer ?? ''}`.trimEnd());
  process.stdout.write(json ? `${JSON.stringify({ items: lines, next: null })}\n` : `${table.join('\n')}\n`);
}

async function showPorts(dir: string, json: boolean): Promise<void> {
  const result = await order(dir, { op: 'ports' });
  const ports = 'ports' in result ? result.ports : [];
  const table = ports.map(({ port, kind, part, path, device, baud, fault, frames, answers, crcErrors }) => `${port} ${kind} "${part}" ${path} -> ${device ?? 'unplugged'}  ${baud ?? '-'} baud, ${frames} frames, ${crcErrors} damaged, ${answers} answers${fault === 'none' ? '' : `, fault ${fault}`}`);
  process.stdout.write(json ? `${JSON.stringify({ items: ports, next: null })}\n` : table.map((line) => `${line}\n`).join(''));
}

async function main(): Promise<void> {
  const words = readWords(process.argv.slice(2));
  if (words.verb === 'board') await runBoard(words);
  else if (words.verb === 'fleet') await (await import('./fleet/index.ts')).runFleet(words, processLog('fleet'));
  else if (words.verb === 'lines') await showLines(words.dir, words.json);
  else if (words.verb === 'ports') await showPorts(words.dir, words.json);
  else await order(words.dir, words.order);
}

try {
  await main();
} catch (thrown) {
  const fault = toFault(thrown);
  process.stderr.write(`${fault.code}: ${fault.message}\n`);
  process.exitCode = fault.exit;
}
