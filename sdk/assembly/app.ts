import { checked, lastError } from "./failure";
import * as host from "./host/app";
import { Pollable } from "./poll";

export { lastError };

/** Tells the agent that the app is up; an app whose manifest says `health.ready: call` is not started before this. */
export function ready(): void {
  host.ready();
}

/** Tells the agent that the app is still well (`health.beatS`). */
export function beat(): void {
  host.beat();
}

/** Tells the agent why the app is not well; the attempt fails. */
export function failing(why: string): void {
  const text = String.UTF8.encode(why);
  host.failing(changetype<usize>(text), text.byteLength);
}

/** Whether the agent asks the app to return; it has two seconds to do so. */
export function stopRequested(): bool {
  return host.stop_requested() == 1;
}

/** To wait for the wish to stop together with other things. */
export function subscribeStop(): Pollable {
  return new Pollable(checked("subscribe to the stop", host.subscribe_stop()));
}
