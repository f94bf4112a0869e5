export type Level = 0 | 1;

/** Synchronous access to an opened line. */
export interface LineValue {
  /** Throws `CellError` when the board does not answer. */
  read(): Level;
  /** Does nothing while the line is an input. Throws `CellError` when the board does not answer. */
  write(level: Level): void;
}

/** The board did not take an access; `hardware-fault` to whoever reports it. */
export class CellError extends Error {}

/** Runs an access to a descriptor; what the system says against it becomes a `CellError`. */
export function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new CellError(`the board does not take the access: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
