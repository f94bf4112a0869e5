import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take a minute or nearly so, the longest first. On a fresh clone vitest knows no durations and starts large files
 * first; one of these at the end would leave the other workers idle while it runs.
 */
const longest = [
  'test/flow/storm-slice.test.ts',
  'test/contract/runner.test.ts',
  'manager/src/http/nonsense.test.ts',
  'test/browser/wire.test.ts',
  'test/browser/pages.test.ts',
  'test/flow/meter.test.ts',
  'test/flow/typed.test.ts',
  'test/flow/crash.test.ts',
  'test/flow/fleet-hands.test.ts',
  'test/flow/fleet-late.test.ts',
  'agent/src/run/holds.test.ts',
  'test/flow/ends.test.ts',
  'test/contract/board.test.ts',
];

/** Starts the longest files first, whatever else decides the order of the others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
