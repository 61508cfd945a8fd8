/**
 * The control of a run: what a search has to be better than.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { evolve, type EvolveReport, type SearchSoFar } from '../loop/evolve.ts';
import { partsOf, startOf, type Run } from './open-run.ts';
import { curveOf, runUsage, type RunControl } from './run-report.ts';

/** The best of as many children of the first program, by whoever proposes and with the same seed (E11). */
export async function runControl(run: Run, found: EvolveReport): Promise<RunControl | null> {
  const { config } = run;
  if (!config.control.enabled || found.evaluations === 0) return null;
  const { evolve: given } = config.search;
  const evolveTable = { ...(isJsonObject(given ?? null) ? (given as JsonObject) : {}) }; // Read by `readRunConfig`.
  const tables = { ...config.search, evolve: { ...evolveTable, evaluations: found.evaluations, no_improve: 0 } };
  const control = await evolve(
    { config: tables, start: startOf(run) },
    { ...(await partsOf(run, 'control')), isControl: true },
    run.signal,
  );
  return controlOf(control);
}

/** A control as it is written. */
export function controlOf(control: SearchSoFar): RunControl {
  const { best, evaluations, lineage_hash, usage } = control;
  return { best: best.score, evaluations, lineage_hash, usage: runUsage(usage), curve: curveOf(control) };
}
