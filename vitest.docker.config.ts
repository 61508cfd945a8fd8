/**
 * Tests that ask for a docker daemon; `npm run verify:docker` brings one.
 */
import { mergeConfig } from 'vitest/config';
import shared from './vitest.config.ts';

export default mergeConfig(
  { ...shared, test: { ...shared.test, projects: undefined } },
  {
    test: {
      name: 'docker',
      include: ['packages/*/src/**/*.docker-test.ts', 'plugins/**/*.docker-test.ts'],
      fileParallelism: false,
    },
  },
);
