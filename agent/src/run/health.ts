import { type Clock, Fault } from '@pier/shared/core';
import { Health, type Limits } from '@pier/shared/capability';

export type HealthEvents = {
  /** The guest is up, in the way its manifest says. */
  readonly onUp: () => void;
  /** It has been up and well for the whole soak. */
  readonly onSoaked: () => void;
  readonly onSick: (fault: Fault) => void;
};

export type HealthWatch = Disposable & { started(): void; ready(): void; beat(): void; failing(reason: string): void };

/** Judges one guest by its manifest's `health`; every time is measured on timers of the monotonic clock. */
export function watchHealth(rule: { limits: Limits; soakS: number | undefined }, clock: Clock, on: HealthEvents): HealthWatch {
  const health = rule.limits.health ?? Health.parse({});
  const timers = new DisposableStack();
  let isStarted = false;
  let isReady = health.ready === 'start';
  let isUp = false;
  let isOver = false;
  let beatTimer: Disposable | undefined;

  const sick = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    on.onSick(new Fault('guest-unhealthy', reason));
  };
  const expectBeat = (): void => {
    beatTimer?.[Symbol.dispose]();
    if (health.beatS === undefined || isOver) return;
    const beatS = health.beatS;
    beatTimer = clock.after(beatS * 1_000, () => sick(`the guest gave no beat for ${beatS} s`));
  };
  const look = (): void => {
    if (isUp || isOver || !isStarted || !isReady) return;
    isUp = true;
    on.onUp();
    expectBeat();
    if (rule.soakS !== undefined) {
      timers.use(
        clock.after(rule.soakS * 1_000, () => {
          if (!isOver) on.onSoaked();
        }),
      );
    }
  };
  return {
    started: () => {
      isStarted = true;
      if (!isReady) timers.use(clock.after(health.withinS * 1_000, () => isReady || sick(`the guest did not call ready within ${health.withinS} s`)));
      look();
    },
    ready: () => {
      isReady = true;
      look();
    },
    beat: () => {
      if (isUp) expectBeat();
    },
    failing: (reason) => sick(`the guest says that it is failing: ${reason}`),
    [Symbol.dispose]: () => {
      isOver = true;
      beatTimer?.[Symbol.dispose]();
      timers.dispose();
    },
  };
}
