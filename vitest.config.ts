/**
 * Three suites: `unit` stands beside the code; `flow` (test/) has whole servers. Both run on both cores, for each file's
 * servers are its own. `alone` makes a machine short of something or measures time, so its files run one after another, at
 * the end.
 */
import { defaultExclude, defineConfig } from 'vitest/config';

// "import" stands for itself: given here, it would hold for `require` too, and a CommonJS package would get modules of another.
// "module" is for bundlers: what is behind it Node cannot always load.
const source = { conditions: ['source', 'node'] };

/** Files that others would disturb. The two that are not wait for what comes of a kill, however long it takes. */
const ALONE = ['test/chaos/!(server-killed|workers-killed).test.ts', 'test/flow/timeouts.test.ts'];

const SERVER_TIMES = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    // Guests die with the thread that spawned them, so tests that start some need a main thread each.
    pool: 'forks',
    maxWorkers: 2,
    // What is waited for comes when it comes: a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    reporters: ['default', './tools/closing-line.ts'],
    // What they import ships its sources under our condition's name, and Node loads no TypeScript of a package.
    server: { deps: { inline: [/@ai-sdk\//, /@openrouter\//, /eventsource-parser/, /node_modules\/ai\//] } },
    globalSetup: ['./tools/test-setup.ts'],
    setupFiles: ['./tools/property-seed.ts'],
    coverage: { provider: 'v8', reporter: ['text', 'json-summary'], include: ['packages/*/src/**/*.ts'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'plugins/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: [...defaultExclude, '**/dist/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/**/*.test.ts'],
          exclude: [...defaultExclude, ...ALONE],
          ...SERVER_TIMES,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          fileParallelism: false,
          ...SERVER_TIMES,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
