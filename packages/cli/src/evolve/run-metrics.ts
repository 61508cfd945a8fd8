/**
 * Figures of a run for Prometheus (X000-29), beside those of its host.
 */
import type { CommittedSearch } from '@bulkhead/evolve';

/** What is scraped while a run goes on. */
export type RunMetrics = {
  readonly didCommit: (search: Pick<CommittedSearch, 'best' | 'bestScore' | 'done'>) => void;
  readonly render: () => string;
};

type Series = { readonly name: string; readonly help: string; readonly kind: 'gauge' | 'counter' };

const SPEED: Series = {
  name: 'evo_best_speed_ms',
  help: 'Milliseconds that the best program takes for a case, as the median over cases.',
  kind: 'gauge',
};
const SCORE: Series = { name: 'evo_best_score', help: 'Score of the best program.', kind: 'gauge' };
const DONE: Series = { name: 'evo_evaluations_total', help: 'Programs that were evaluated.', kind: 'counter' };

/** Makes them; `workspace` is the name of the run. A series is there once it has a value. */
export function createRunMetrics(workspace: string): RunMetrics {
  const values = new Map<Series, number>();
  return {
    didCommit: ({ best, bestScore, done }) => {
      const speedMs = best.measures['speed_ms'];
      if (speedMs !== undefined) values.set(SPEED, speedMs);
      values.set(SCORE, bestScore).set(DONE, done);
    },
    render: () => [...values].map(([series, value]) => textOf(series, value, workspace)).join(''),
  };
}

function textOf({ name, help, kind }: Series, value: number, workspace: string): string {
  const label = workspace
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name}{workspace="${label}"} ${value}\n`;
}
