/** What a guest is doing, from the agent's side. */
export type GuestState = 'stopped' | 'starting' | 'soaking' | 'running' | 'backing-off' | 'stopping';
export type GuestEvent = 'start' | 'up' | 'up-on-probation' | 'soaked' | 'ended' | 'stop' | 'gone';

/** `ended`: by itself, or by a limit, or because it could not start. `gone`: thread over, outputs safe, lines closed. */
const transitions = {
  stopped: { start: 'starting' },
  starting: { up: 'running', 'up-on-probation': 'soaking', ended: 'backing-off', stop: 'stopping' },
  soaking: { soaked: 'running', ended: 'backing-off', stop: 'stopping' },
  running: { ended: 'backing-off', stop: 'stopping' },
  'backing-off': { start: 'starting', stop: 'stopping' },
  stopping: { gone: 'stopped' },
} as const satisfies Record<GuestState, Partial<Record<GuestEvent, GuestState>>>;

/** The state after an event; undefined when the event has no place in that state. */
export function nextState(state: GuestState, event: GuestEvent): GuestState | undefined {
  const row: Partial<Record<GuestEvent, GuestState>> = transitions[state];
  return row[event];
}
