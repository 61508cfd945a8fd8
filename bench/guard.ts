/**
 * Questions: the thirteen of EVIDENCE 3a that guard is held to (G1 to G13), and the costs of its executor, its memory and its bootstrap.
 * Each part states its question and workload in bench/guard. `npm run bench:guard [-- G9 memory] [-- --json | --markdown]`: without
 * names all of them, some ten minutes; `--markdown` prints the table of docs/guard.md; `--worlds N` is how many made-up worlds G3 to G8
 * take (500).
 *
 * Budget: the bound of each figure. Times are medians of five repeats or more, with the least and the most beside them.
 */
import { holds, isJson, report, say } from './lib/figures.ts';
import { bootstrap } from './guard/bootstrap.ts';
import { determinism } from './guard/determinism.ts';
import { evaluationMemory } from './guard/evaluation-memory.ts';
import { evaluationTime } from './guard/evaluation-time.ts';
import { executions } from './guard/executions.ts';
import { gateQualityOfDefault } from './guard/gate-quality.ts';
import { hostileDeeds } from './guard/hostile-deeds.ts';
import { monitorRecords } from './guard/monitor-records.ts';
import { markdownOf, withRanges, type Part, type Row } from './guard/row.ts';
import { shrinking } from './guard/shrinking.ts';
import { workedExamples } from './guard/worked-examples.ts';
import { decisionWorlds, monitorWorlds } from './guard/worlds.ts';

const PARTS: readonly Part[] = [
  evaluationTime,
  workedExamples,
  decisionWorlds,
  monitorWorlds,
  gateQualityOfDefault,
  shrinking,
  hostileDeeds,
  determinism,
  monitorRecords,
  executions,
  evaluationMemory,
  bootstrap,
];

const isMarkdown = process.argv.includes('--markdown');
const rows: Row[] = [];
for (const part of chosen()) {
  say(`${part.id}: ${part.title} ...`);
  const found = await part.measure();
  rows.push(...found);
  if (!isMarkdown) report(`${part.id}: ${part.title}`, withRanges(found));
}
if (isMarkdown && !isJson()) console.log(markdownOf(rows));
if (!rows.every(({ figure }) => holds(figure))) process.exitCode = 1;

/** Those that are named, by the number of any of their rows; all where none is. */
function chosen(): readonly Part[] {
  const names = process.argv.slice(2).filter((word) => PARTS.some((part) => isNamed(part, word)));
  return names.length === 0 ? PARTS : PARTS.filter((part) => names.some((name) => isNamed(part, name)));
}

/** A part of several numbers has them as a range, as in `G3-G6`. */
function isNamed({ id }: Part, name: string): boolean {
  const [first = '', last = first] = id.toLowerCase().split('-');
  const word = name.toLowerCase();
  if (word === id.toLowerCase()) return true;
  const number = numberOf(word);
  return number !== undefined && number >= (numberOf(first) ?? Infinity) && number <= (numberOf(last) ?? -Infinity);
}

function numberOf(word: string): number | undefined {
  const digits = /^g(\d+)$/u.exec(word)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
