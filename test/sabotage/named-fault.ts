/** A one-line fault, and the tests of which at least one must fail with it. */
export type NamedFault = {
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** The narrowest files that know. */
  readonly tests: readonly string[];
};

type Row = readonly [name: string, file: string, from: string, to: string];

/** Faults that the same tests catch. */
export const caughtBy = (tests: readonly string[], rows: readonly Row[]): NamedFault[] => rows.map(([name, file, from, to]) => ({ name, file, from, to, tests }));
