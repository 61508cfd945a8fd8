/**
 * Question (E2): how many iterations of a search does the engine make in a second, beside what proposing and measuring take? Workload: a
 * program of two numbers with a proposer that writes two that nobody has written, 1,000 iterations, window and workers 4.
 *
 *   inline                 a trivial evaluator in this process, no journal
 *   journaled              the same, with a journal in a file
 *   sandboxed, journaled   programs are measured as data by a guest of the sandbox, one call each
 *   guest for each         guard measures each program in a guest of its own: 100 iterations, bounded by the start of a guest
 *   grammar                the grammar proposes, which parses the parent and the child
 */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineTask, generateCases } from '@bulkhead/guard';
import { createHost } from '@bulkhead/host';
import { createGuardEvaluator } from '../packages/evolve/src/judge/guard-evaluator.ts';
import { counting, START } from '../packages/evolve/src/loop/evolve.fixture.ts';
import { evolve, type EvolveParts } from '../packages/evolve/src/loop/evolve.ts';
import type { Evaluator } from '../packages/evolve/src/loop/evaluator.ts';
import { openFileJournal } from '../packages/evolve/src/loop/journal.ts';
import type { Proposer } from '../packages/evolve/src/mutation/proposer.ts';
import { createGrammar } from '../packages/evolve/src/mutation/stand-ins/grammar.ts';
import { atLeast, report, say, told } from './lib/figures.ts';

const ITERATIONS = 1_000;
const FEW = 100;

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-evolve-'));
await using host = await createHost({ measured: 'lately' });

/** Proposes a line that is new each time, so that none is asked for again. */
function createFresh(): Proposer {
  let asked = 0;
  return {
    propose: async ({ parent }) => {
      asked += 1;
      const [, line = ''] = parent.split('\n');
      const text = `@@ @@\n-${line}\n+  return [${asked}, ${asked % 5}, 4, 2];\n`;
      return { text, usage: { inputTokens: 1, outputTokens: 1, costUsd: 0 } };
    },
  };
}

async function rateOf(parts: EvolveParts, evaluations = ITERATIONS): Promise<number> {
  const config = {
    evolve: { evaluations, seed: 1, window: 4, workers: 4 },
    archive: { descriptors: [{ name: 'length', step: 40 }] },
  };
  const startedAt = performance.now();
  const { evaluations: done } = await evolve({ config, start: START }, parts);
  return (1_000 * done) / (performance.now() - startedAt);
}

/** Asks a guest, which sees a program as a text. */
async function sandboxed(): Promise<Evaluator & { readonly close: () => Promise<void> }> {
  const dir = join(folder, 'judge');
  await mkdir(dir);
  const file = join(dir, 'judge.ts');
  await writeFile(
    file,
    `export function right(source: string): number[] {
  const list = (/\\[(.*)\\]/.exec(source)?.[1] ?? '').split(', ').map(Number);
  return [3, 1, 4, 2].map((choice, at) => Number(list[at] === choice));
}
`,
  );
  const harness = await host.openHarness({ file, instances: 2 });
  return {
    close: () => harness.close(),
    evaluate: async ({ source }, signal) => {
      const outcome = await harness.run({ fn: 'right', args: [source], signal });
      if (!outcome.ok) return { kind: 'failed', reason: outcome.error.message };
      const cases = Array.isArray(outcome.value) ? outcome.value.map(Number) : [];
      const values = [cases.reduce((sum, value) => sum + value, 0)];
      return { kind: 'measured', values, cases, measures: { length: source.length } };
    },
  };
}

/** Guard's judge, as runs have it. */
function guarded(): Evaluator {
  const task = defineTask<[number], number>({
    name: 'choice',
    generate: (n) => Array.from({ length: n }, (_, at): [number] => [at]),
    properties: [{ name: 'right', check: (out, at) => Array.isArray(out) && Number(out[at]) === [3, 1, 4, 2][at] }],
  });
  return createGuardEvaluator({
    ...{ host, task, cases: generateCases(task, { n: 4, seed: 1 }), entryName: 'choose', ending: '.ts' },
    ...{ folder: join(folder, 'candidates'), seed: 1, objective: { kind: 'pass_rate' }, cascade: [] },
  });
}

try {
  await rateOf({ proposer: createFresh(), evaluator: counting() }, FEW); // What is compiled lately is compiled now.
  say('inline');
  const before = process.cpuUsage();
  const inline = await rateOf({ proposer: createFresh(), evaluator: counting() });
  const { user, system } = process.cpuUsage(before);
  say('journaled');
  const journaled = await rateOf({
    ...{ proposer: createFresh(), evaluator: counting() },
    journal: openFileJournal(join(folder, 'journaled')),
  });
  say('sandboxed');
  const judge = await sandboxed();
  const inGuest = await rateOf({
    proposer: createFresh(),
    evaluator: judge,
    journal: openFileJournal(join(folder, 'guest')),
  });
  await judge.close();
  say('a guest for each');
  const each = await rateOf(
    { proposer: createFresh(), evaluator: guarded(), journal: openFileJournal(join(folder, 'each')) },
    FEW,
  );
  say('grammar');
  const grammar = await rateOf({ proposer: createGrammar({ remembers: false }), evaluator: counting() });
  const unit = '/s';
  report('E2: iterations of a search', [
    atLeast('inline', inline, { unit, bound: 1_500 }),
    // Of a machine that others use, too, this says more than a second of the clock.
    told('inline_by_cpu_time', (1e6 * ITERATIONS) / (user + system), unit),
    told('journaled', journaled, unit),
    atLeast('sandboxed_journaled', inGuest, { unit, bound: 300 }),
    told('guest_for_each_journaled', each, unit),
    told('grammar_inline', grammar, unit),
  ]);
} finally {
  await rm(folder, { recursive: true });
}
