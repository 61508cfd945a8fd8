/**
 * Question (E14): does each archive fault that other engines were found to have keep its test here? Workload: those tests, each named by the
 * number of the issue. Budget: all seven pass.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { atLeast } from '../lib/figures.ts';
import type { Part } from './part.ts';

const ROOT = join(import.meta.dirname, '../..');
const ISSUES = [147, 150, 183, 222, 267, 391, 454];
const FILES = ['archive/create-archive.test.ts', 'random/search-random.test.ts'];

/** E14. */
export const regressions: Part = {
  ids: ['E14'],
  title: 'faults of other archives',
  measure: async () => {
    const files = FILES.map((file) => `packages/evolve/src/search/${file}`);
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const { stdout } = spawnSync(
      process.execPath,
      [vitest, 'run', '--project', 'unit', ...files, '-t', 'openevolve', '--reporter=verbose'],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
    );
    const passed = stdout.split('\n').filter((line) => line.includes('✓'));
    const kept = ISSUES.filter((issue) => passed.some((line) => line.includes(`openevolve #${issue}:`)));
    return [atLeast('regressions_kept', kept.length, { unit: `of ${ISSUES.length}`, bound: ISSUES.length })];
  },
};
