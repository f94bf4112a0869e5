import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findChromium } from './test/support/chromium.ts';
import { LongestFirst } from './test/support/longest-first.ts';

const common = { globals: false, passWithNoTests: false, testTimeout: 60_000, hookTimeout: 300_000, expect: { poll: { timeout: 30_000 } }, pool: 'forks' as const,
  // Where a processor has memory protection keys, V8 of Node 24 sometimes loses track of freed WebAssembly code and ends the process (nodejs/node#64500).
  execArgv: process.arch === 'x64' ? ['--no-memory-protection-keys'] : [],
};

/** Only the projects that show pages need a browser: where there is none, the others run all the same. */
const chromium = process.argv.some((word) => /^(?:--project=)?(?:unit|flow|package)$/.test(word)) ? undefined : await findChromium(process.env);

export default defineConfig({
  test: {
    projects: [
      // One set of modules for all files of a worker: loading them anew for each of 300 files costs more than half of the tests.
      { test: { ...common, name: 'unit', isolate: false, include: ['{shared,agent,manager,firmware-sim,cli,deploy}/**/*.test.ts', 'web/src/**/*.test.ts', 'sdk/*.test.ts', 'test/{support,demo,sabotage,storm}/**/*.test.ts', 'test/{tidy,docs}.test.ts'] } },
      { test: { ...common, name: 'flow', include: ['test/{flow,contract}/**/*.test.ts'], testTimeout: 300_000 } },
      { test: { ...common, name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 300_000, globalSetup: 'test/package/setup.ts' } },
      ...(chromium === undefined
        ? []
        : [
            {
              plugins: [react()],
              root: 'web',
              // Found only when a page is first drawn, a dependency would load the tests anew in their middle.
              optimizeDeps: { include: ['react', 'react-dom/client', 'react/jsx-dev-runtime', '@mantine/core', '@mantine/hooks', '@tanstack/react-query', '@tanstack/react-table', '@tanstack/react-virtual', 'wouter', 'uplot', 'zod'] },
              test: {
                name: 'web',
                testTimeout: 180_000,
                expect: { poll: { timeout: 60_000 } },
                include: ['src/**/*.test.tsx'],
                browser: { enabled: true, headless: true, screenshotFailures: false, provider: playwright({ launchOptions: chromium }), instances: [{ browser: 'chromium' as const }], viewport: { width: 1_280, height: 800 } },
              },
            },
            { test: { ...common, name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: 120_000 } }, provide: { chromium } } },
          ]),
    ],
    // Twice what the usual machine has cores: tests on the real parts wait for one another half of their time.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    reporters: ['default'],
  },
});
