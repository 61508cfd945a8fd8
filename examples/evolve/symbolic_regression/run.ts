/**
 * Searches for one curve:
 *
 *   node --conditions=source examples/evolve/symbolic_regression/run.ts --problem 4 --seed 1 --evaluations 100000
 */
import { parseArgs } from 'node:util';
import { PROBLEMS } from './problems.ts';
import { regress } from './regress.ts';
import { readTree } from './trees.ts';

const { values } = parseArgs({
  options: {
    problem: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    evaluations: { type: 'string', default: '100000' },
  },
});
const problem = PROBLEMS[Number(values.problem) - 1];
if (problem === undefined) throw new Error(`--problem is ${values.problem}; expected 1 to ${PROBLEMS.length}`);
const report = await regress({ problem, seed: Number(values.seed), evaluations: Number(values.evaluations) });
console.log(
  JSON.stringify({
    problem: problem.name,
    found: report.best.score === 1,
    evaluations: report.evaluations,
    score: report.best.score,
    formula: readTree(report.best.source).join(' '),
    lineage_hash: report.lineage_hash,
  }),
);
