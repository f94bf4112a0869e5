import { defineConfig } from 'vitest/config';

const common = { globals: false, passWithNoTests: false, testTimeout: 60_000, hookTimeout: 120_000, pool: 'forks' as const };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'unit', include: ['{shared,agent,manager,firmware-sim,cli}/**/*.test.ts', 'sdk/*.test.ts', 'test/{support,demo,sabotage}/**/*.test.ts', 'test/tidy.test.ts'] } },
      { test: { ...common, name: 'flow', include: ['test/{flow,contract}/**/*.test.ts'], testTimeout: 180_000 } },
    ],
    // One more than the usual machine has cores: tests on the real parts wait for one another half of their time.
    maxWorkers: 3,
    reporters: ['default'],
  },
});
