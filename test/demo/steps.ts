import { systemClock } from '@pier/shared/core';

/** Prints each step with its time and what was seen; colour only on a terminal. */
export type Steps = {
  step<T>(title: string, act: () => Promise<T>): Promise<T>;
  say(text: string): void;
  readonly passed: number;
};

export function printSteps(write: (text: string) => void, colour: boolean): Steps {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const startMs = systemClock.monotonicMs();
  let passed = 0;
  const seconds = (fromMs: number): string => ((systemClock.monotonicMs() - fromMs) / 1_000).toFixed(1).padStart(5);
  return {
    step: async (title, act) => {
      const fromMs = systemClock.monotonicMs();
      try {
        const result = await act();
        passed += 1;
        write(`${paint('32', 'ok')}   ${seconds(startMs)} s  (${seconds(fromMs).trim()} s)  ${title}\n${typeof result === 'string' ? `                      ${paint('2', result)}\n` : ''}`);
        return result;
      } catch (thrown) {
        write(`${paint('31', 'FAIL')} ${seconds(startMs)} s  (${seconds(fromMs).trim()} s)  ${title}\n`);
        throw thrown;
      }
    },
    say: (text) => write(`${text}\n`),
    get passed() {
      return passed;
    },
  };
}
