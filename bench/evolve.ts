/**
 * Questions: what EVIDENCE 3b holds searches to (E1, E3 to E8, E11 to E14), each beside the best of as many programs that learn nothing.
 * Each part states its question, workload and budget in bench/evolve. `npm run bench:evolve [-- E4 E7] [-- --json]`: without names all of
 * them, some ten minutes; `--full` is the whole of E7, which takes an hour and more.
 *
 * Budget: the bound of each figure. How fast the engine is (E2) and how long a choice takes among 100,000 programs are benches of their own:
 * bench/evolve-engine.ts and bench/evolve-selection.ts.
 */
import { holds, report, say, type Figure } from './lib/figures.ts';
import { determinism } from './evolve/determinism.ts';
import { badSort, circlePacking, functionMinimisation } from './evolve/examples.ts';
import { kModule } from './evolve/k-module.ts';
import { luck } from './evolve/luck.ts';
import type { Part } from './evolve/part.ts';
import { qualityDiversity } from './evolve/quality-diversity.ts';
import { regressions } from './evolve/regressions.ts';
import { symbolicRegression } from './evolve/symbolic-regression.ts';

const PARTS: readonly Part[] = [
  kModule,
  determinism,
  functionMinimisation,
  circlePacking,
  badSort,
  symbolicRegression,
  qualityDiversity,
  luck,
  regressions,
];

const figures: Figure[] = [];
for (const part of chosen()) {
  const title = `${part.ids.join(', ')}: ${part.title}`;
  say(`${title} ...`);
  const found = await part.measure();
  figures.push(...found);
  report(title, found);
}
if (!figures.every((figure) => holds(figure))) process.exitCode = 1;

/** Those that are named by any of their numbers; all where none is. */
function chosen(): readonly Part[] {
  const names = new Set(process.argv.slice(2).map((word) => word.toUpperCase()));
  const named = PARTS.filter(({ ids }) => ids.some((id) => names.has(id)));
  return named.length === 0 ? PARTS : named;
}
