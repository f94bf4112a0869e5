/** What each verb of a command does, and what its answer says. A verb without an act does not compile. */
import * as z from 'zod';
import { type AppName, Fault } from '@pier/shared/core';
import type { Verb } from '@pier/shared/wire';
import type { Answer, Order } from './command/index.ts';
import { type Report, fitting } from './report/index.ts';
import type { Apps } from './run/index.ts';

/** An answer is one message, and shares its size with others in the outbox. */
const answerBytesMax = 32 << 10;

export type ActDeps = { readonly agent: string; readonly apps: Apps; readonly report: Report };
/** Whose order it is: the name of the key, or who is claimed. */
export type Whose = { readonly by: string };

type ArgsOf<V extends Verb> = Extract<Order, { verb: V }>['args'];
type Acts = { readonly [V in Verb]: (args: ArgsOf<V>, whose: Whose, signal: AbortSignal) => unknown };

/** Acts on a command; gives its result. Faults: those of the act. */
export function createActs({ agent, apps, report }: ActDeps): (order: Order, whose: Whose, signal: AbortSignal) => Promise<Answer> {
  const acts: Acts = {
    ping: () => ({ pong: true, agent }),
    status: () => report.reported(),
    'app.logs': ({ app, lines }) => logsOf(apps, app, lines),
    'gpio.read': ({ line, app }) => {
      if (app !== undefined && !apps.knows(app)) throw unknownApp(app);
      return report.readLine({ line, app });
    },
    'app.start': async ({ app }, { by }, signal) => {
      await apps.start({ app, by }, signal);
      return { app };
    },
    'app.stop': async (args, { by }, signal) => {
      await apps.stop({ ...args, by }, signal);
      return { app: args.app, forS: args.forS };
    },
    'app.restart': async ({ app }, { by }, signal) => {
      await apps.restart({ app, by }, signal);
      return { app };
    },
    'app.deploy': async (args, { by }, signal) => {
      await apps.deploy({ ...args, by }, signal);
      return { app: args.app, digest: args.digest, forS: args.forS };
    },
  };
  return async (order, whose, signal) => {
    // The row of the table fits the order by its verb, which TypeScript does not follow through a union.
    const act = acts[order.verb] as (args: Order['args'], whose: Whose, signal: AbortSignal) => unknown;
    return Result.parse(JSON.parse(JSON.stringify(await act(order.args, whose, signal))));
  };
}

const Result = z.record(z.string(), z.json());

function unknownApp(app: AppName): Fault {
  return new Fault('app-unknown', `this device has no app "${app}"`);
}

/** The newest lines, in their order: as many as were asked for and fit. */
function logsOf(apps: Apps, app: AppName, lines: number): object {
  const trace = apps.trace(app);
  if (!trace) throw unknownApp(app);
  const newest = trace.lines.after(trace.lines.last - lines).map(({ n, stream, text }) => ({ n, stream, text }));
  return { lines: fitting(newest.toReversed(), answerBytesMax - 64).toReversed(), dropped: trace.lines.dropped };
}
