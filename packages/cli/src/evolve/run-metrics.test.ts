import { expect, test } from 'vitest';
import { createRunMetrics } from './run-metrics.ts';

const BEST = {
  ...{ id: 'a', parents: [], source: '', island: 0, generation: 0, evalIndex: 0, measures: { speed_ms: 2.5 } },
  fitness: { n: 1, mean: 0.5, variance: 0, cases: [] },
};

test('the speed of the best program is a gauge by the name of the run, and there is none before the first [X000-29]', () => {
  const metrics = createRunMetrics('sort "fast"');
  expect(metrics.render()).toBe('');
  metrics.didCommit({ best: BEST, bestScore: 0.5, done: 3 });
  expect(metrics.render()).toContain(
    '# TYPE evo_best_speed_ms gauge\nevo_best_speed_ms{workspace="sort \\"fast\\""} 2.5\n',
  );
  expect(metrics.render()).toContain('evo_best_score{workspace="sort \\"fast\\""} 0.5\n');
  expect(metrics.render()).toContain(
    '# TYPE evo_evaluations_total counter\nevo_evaluations_total{workspace="sort \\"fast\\""} 3\n',
  );
});
