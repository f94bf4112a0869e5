import type { Socket } from 'node:net';
import * as z from 'zod';
import { type Log, type Verdict, check, parseJson, toFault } from '@pier/shared/core';
import { SimRequest, simLineBytesMax, splitLines } from '@pier/shared/hardware';
import type { SerialBank } from '../serial/index.ts';
import type { LiveBoard, Owner } from './live-board.ts';

/** Unsent bytes of a connection from which on edges are dropped and counted; and those at which it is ended. */
const edgeBytesMax = 256 << 10;
const answerBytesMax = 1 << 20;
const malformedMax = 16;

/** Serves one connection until it ends; then releases what it held. `drain` is called before each request, so that earlier writes come first. */
export function serveConnection({ socket, live, serial, drain, log }: { socket: Socket; live: LiveBoard; serial: SerialBank; drain: () => void; log: Log }): void {
  const send = (message: object): void => {
    socket.write(`${JSON.stringify(message)}\n`);
  };
  const owner: Owner = {
    tell: (watch, { tNs, seq, lost, level }) => {
      if (socket.writableLength > edgeBytesMax) return false;
      send({ edge: { watch, tNs: String(tNs), seq, lost, level } });
      return true;
    },
  };
  const end = (why: string): void => {
    log.warn({ why }, 'connection.ended');
    socket.destroy();
  };
  const split = splitLines(simLineBytesMax);
  let malformed = 0;
  socket.on('data', (piece) => {
    const lines = split(piece);
    if (lines === undefined) {
      if (socket.writableLength > 0) return end('a line is too long');
      // Said before the end, to a peer that still listens.
      socket.removeAllListeners('data').end(`${JSON.stringify({ ok: false, code: 'too-large', message: `a line of more than ${simLineBytesMax} bytes` })}\n`, () => end('a line is too long'));
      return undefined;
    }
    for (const line of lines) {
      drain();
      const answer = answerTo(line, { live, serial, owner });
      send(answer);
      if (answer.id === undefined && (malformed += 1) >= malformedMax) return end('too many lines that are no requests');
    }
    return socket.writableLength > answerBytesMax ? end('it does not read its answers') : undefined;
  });
  // What ended it is not our concern; that it ended is, and `close` follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    drain();
    live.leave(owner);
  });
}

type Answer = { readonly id?: number; readonly ok: boolean };

const AnyRequest = z.looseObject({ id: z.int().min(1) });

/** A line that is no request is refused by a sentence, under its id where that much can be read. */
function answerTo(line: string, on: Peers): Answer {
  let named: { id?: number } = {};
  try {
    const json = parseJson(line, { what: 'request' });
    const { data } = AnyRequest.safeParse(json);
    if (data) named = { id: data.id };
    const verdict = obey(check(SimRequest, json, { what: 'request' }), on);
    if (verdict.ok) return { ...named, ok: true, ...verdict.value };
    return { ...named, ok: false, ...said(verdict.refusal.code, verdict.refusal.reason) };
  } catch (thrown) {
    const { code, message } = toFault(thrown);
    return { ...named, ok: false, ...said(code, message) };
  }
}

function said(code: string, message: string): { code: string; message: string } {
  return { code, message };
}

/** Who can do what is asked, and for whom. */
type Peers = { readonly live: LiveBoard; readonly serial: SerialBank; readonly owner: Owner };
type Obey = { readonly [K in SimRequest['op']]: (request: Extract<SimRequest, { op: K }>, on: Peers) => Verdict<object> };

const orders: Obey = {
  hello: (_, { live }) => live.hello(),
  open: (request, { live, owner }) => live.open(request, owner),
  close: (request, { live, owner }) => live.close(request, owner),
  set: (request, { live, owner }) => live.set(request, owner),
  watch: (request, { live, owner }) => live.watch(request, owner),
  unwatch: (request, { live, owner }) => live.unwatch(request, owner),
  outside: (request, { live }) => live.outside(request),
  press: (request, { live }) => live.press(request),
  lines: (_, { live }) => live.lines(),
  unplug: (request, { serial }) => serial.unplug(request),
  plug: (request, { serial }) => serial.plug(request),
  serialFault: (request, { serial }) => serial.serialFault(request),
  part: (request, { serial }) => serial.part(request),
  ports: (_, { serial }) => serial.ports(),
  parts: (_, { serial }) => serial.parts(),
};

function obey<K extends SimRequest['op']>(request: Extract<SimRequest, { op: K }>, on: Peers): Verdict<object> {
  const order: Obey[K] = orders[request.op];
  return order(request, on);
}
