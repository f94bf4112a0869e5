/** A one-line fault, and the tests of which at least one must fail with it. */
export type NamedFault = { readonly name: string; readonly file: string; readonly from: string; readonly to: string; readonly tests: readonly string[] };

export const faults: readonly NamedFault[] = [];
