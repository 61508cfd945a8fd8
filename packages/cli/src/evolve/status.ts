/**
 * `bulkhead evolve status`: how far a run is, from what it has written, whether or not somebody works on it.
 */
import { readRunConfig, readRunFile, readRunFolder } from '@bulkhead/evolve';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { modelLines } from './model-lines.ts';
import { telling } from './telling.ts';

/** Shows it. */
export async function statusVerb(
  { dir, json }: { readonly dir: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  return telling(terminal, async () => {
    const { head } = await readRunFolder(dir);
    const { settings } = readRunConfig(head.config);
    const progress = (await readRunFile(dir, 'progress.json')) ?? { phase: 'search', done: 0 };
    const report = await readRunFile(dir, 'report.json');
    const known = { name: head.name, seed: settings.seed, evaluations_max: settings.evaluations, ...progress };
    const ended = report && { ...picked(report), phase: 'done' };
    if (json === true) terminal.result(JSON.stringify({ ...known, ...ended }));
    else show({ ...known, ...ended }, terminal);
    return EXIT_OK;
  });
}

function picked({ best, start, evaluations, ended, lineage_hash, is_better, models }: JsonObject): JsonObject {
  return {
    best: best ?? null,
    start: start ?? null,
    evaluations: evaluations ?? 0,
    ended: ended ?? null,
    lineage_hash: lineage_hash ?? null,
    is_better: is_better ?? null,
    models: models ?? [],
  };
}

function show({ models, ...status }: JsonObject, { result }: Terminal): void {
  for (const [key, value] of Object.entries(status)) {
    result(plain(`${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`));
  }
  for (const line of modelLines(models)) result(line);
}
