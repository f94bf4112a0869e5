import { defineConfig } from 'vitest/config';

const common = { globals: false, passWithNoTests: false, testTimeout: 60_000, hookTimeout: 120_000, pool: 'forks' as const };

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'unit', include: ['{shared,agent,manager,firmware-sim,cli}/**/*.test.ts', 'sdk/*.test.ts', 'test/{support,demo,sabotage}/**/*.test.ts', 'test/tidy.test.ts'] } },
      { test: { ...common, name: 'flow', include: ['test/{flow,contract}/**/*.test.ts'], testTimeout: 180_000 } },
    ],
    // Two of the usual machine's cores; each flow test starts a database, a manager and an agent.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
