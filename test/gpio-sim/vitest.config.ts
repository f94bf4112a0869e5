import { defineConfig } from 'vitest/config';

/** Run inside the guest, which cannot write to the checkout and has one processor. */
export default defineConfig({
  cacheDir: '/tmp/vite',
  test: { name: 'gpio-sim', include: ['test/gpio-sim/*-contract.ts'], pool: 'forks', maxWorkers: 1, fileParallelism: false, testTimeout: 600_000, hookTimeout: 600_000, reporters: ['verbose'], passWithNoTests: false },
});
