import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Real sockets and child processes on two cores: more workers only make each other late.
    maxWorkers: 2,
  },
});
