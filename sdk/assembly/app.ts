import * as host from "./host/app";

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

/** The sentence behind the last negative result of a host function. */
export function lastError(): string {
  const buffer = new ArrayBuffer(256);
  const length = host.last_error(changetype<usize>(buffer), buffer.byteLength);
  return length > 0 ? String.UTF8.decodeUnsafe(changetype<usize>(buffer), length) : "";
}
