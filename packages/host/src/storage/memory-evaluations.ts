/**
 * Evaluations, in the in-memory storage.
 */
import { isEvaluationEnd } from '../evaluations/evaluation-state.ts';
import type { Evaluation, EvaluationProgress, EvaluationQuery, EvaluationWithReport } from './evaluations-port.ts';

/** Creates an empty list. */
export function createEvaluations() {
  const rows = new Map<string, EvaluationWithReport>();

  function progress(
    { id, revision }: Pick<Evaluation, 'id' | 'revision'>,
    { change, ...fields }: EvaluationProgress,
  ): number | undefined {
    const row = rows.get(id);
    if (row?.revision !== revision) return undefined;
    const changed = change === undefined ? {} : { state: change.state, changes: [...row.changes, change] };
    rows.set(id, structuredClone({ ...row, ...fields, ...changed, revision: revision + 1 }));
    return revision + 1;
  }

  function list({ tenant, plugin, before, rowsMax }: EvaluationQuery): readonly Evaluation[] {
    const isWanted = (row: Evaluation): boolean =>
      (tenant === undefined || row.tenant_id === tenant) &&
      (plugin === undefined || row.plugin_name === plugin) &&
      (before === undefined || row.id < before);
    return [...rows.values()]
      .filter(isWanted)
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, rowsMax)
      .map(withoutReport);
  }

  function drop(isGone: (row: Evaluation) => boolean): void {
    for (const [id, row] of rows) if (isGone(row)) rows.delete(id);
  }

  return {
    ...{ progress, list },
    create: (row: EvaluationWithReport): void => void rows.set(row.id, structuredClone(row)),
    get: (id: string): EvaluationWithReport | undefined => rows.get(id),
    listRunning: (): readonly Evaluation[] =>
      [...rows.values()]
        .filter(({ state }) => !isEvaluationEnd(state))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(withoutReport),
    prune: (before: string): void => drop((row) => isEvaluationEnd(row.state) && row.updated_at < before),
    forgetTenant: (tenant: string): void => drop((row) => row.tenant_id === tenant),
    forgetPlugin: (plugin: string): void => drop((row) => row.plugin_name === plugin),
  };
}

function withoutReport({ report: _report, ...row }: EvaluationWithReport): Evaluation {
  return row;
}
