/** Server-sent events (WHATWG HTML, §9.2): who is slow, or no longer let in, is let go; a browser comes back by itself. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, Fault } from '@pier/shared/core';

const streamsMax = 200;
/** One person, however many browsers and programs: nobody alone keeps all others from hearing anything. */
const streamsOfOneMax = 50;
const unsentBytesMax = 1 << 20;
const heartbeatMs = 15_000;
/** How long a browser waits before it comes back. */
const retryMs = 2_000;

export type StreamedEvent = { readonly id?: string; readonly data: unknown };
type Opened = { /** Who listens. */ readonly who: string; readonly request: FastifyRequest; readonly reply: FastifyReply; readonly listen: (send: (events: readonly StreamedEvent[]) => void, after: string | undefined) => Disposable; readonly stillMay: () => Promise<boolean> };

export type EventStreams = { open(stream: Opened): void; endAll(): void };

export function newEventStreams(clock: Clock): EventStreams {
  const open = new Map<ServerResponse, string>();
  return {
    open: ({ who, request, reply, listen, stillMay }) => {
      if (open.size >= streamsMax) throw new Fault('too-many-requests', `${streamsMax} streams are open, which is all that there may be; try again later`);
      if ([...open.values()].filter((one) => one === who).length >= streamsOfOneMax) throw new Fault('too-many-requests', `${streamsOfOneMax} streams are open to ${who}, which is all that one may have; close some`);
      const { raw } = reply;
      const write = (text: string): void => {
        if (raw.destroyed) return;
        raw.write(text);
        if (raw.writableLength > unsentBytesMax) raw.destroy();
      };
      using opening = new DisposableStack();
      opening.use(listen((events) => write(events.map(frameOf).join('')), lastEventId(request)));
      reply.hijack();
      open.set(raw, who);
      raw.writeHead(200, { ...headersOf(reply), 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
      write(`retry: ${retryMs}\n: welcome\n\n`);
      opening.use(
        clock.every(heartbeatMs, () => {
          write(': still here\n\n');
          // Whoever lost the right meanwhile hears no more; when that cannot be found out, asking again finds out.
          stillMay().then((may) => (may ? undefined : raw.destroy()), () => raw.destroy());
        }),
      );
      const held = opening.move();
      raw.once('close', () => {
        open.delete(raw);
        held.dispose();
      });
    },
    endAll: () => {
      for (const raw of open.keys()) raw.destroy();
    },
  };
}

function lastEventId({ headers }: FastifyRequest): string | undefined {
  const header = headers['last-event-id'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** JSON holds no line break, so that one line of data is enough. */
function frameOf({ id, data }: StreamedEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
