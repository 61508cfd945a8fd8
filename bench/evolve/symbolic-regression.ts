/**
 * Question (E7, E11): how many of the curves Nguyen 1 to 8 does a search find exactly, with 100,000 evaluations each? Workload: formulas of
 * + − × ÷ sin cos exp log over x and 1, 20 points, through the loop of every search; beside it the best of as many children of the first
 * formula, and as many random formulas; as many trials at once as there are processors. 20 seeds a curve with `--full`, which takes hours of a
 * processor; else `--seeds N` (1) and `--evaluations N` (20,000), with which no bound is held. `--into FILE` keeps a line for each trial, and
 * does not do again what stands there. Budget: 55 % of 160, and p at most .01 against whichever control finds a curve.
 */
import { mcnemar } from '@bulkhead/guard/statistics';
import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROBLEMS } from '../../examples/evolve/symbolic_regression/problems.ts';
import { atLeast, atMost, say, told, type Figure } from '../lib/figures.ts';
import { isFull, numberAfter, textAfter, type Part } from './part.ts';

const FULL = { seeds: 20, evaluations: 100_000 } as const;
const TRIAL = fileURLToPath(new URL('curve-trial.ts', import.meta.url));

type Budget = { readonly seeds: number; readonly evaluations: number };
type Asked = Pick<CurveTrial, 'problem' | 'seed' | 'budget'>;

/** What became of one curve with one seed: by the search, after how many evaluations, and by its two controls. */
export type CurveTrial = {
  readonly problem: string;
  readonly seed: number;
  readonly budget: number;
  readonly is_found: boolean;
  readonly evaluations: number;
  readonly lineage_hash: string;
  readonly is_found_by_control: boolean;
  readonly is_drawn: boolean;
};

/** E7. */
export const symbolicRegression: Part = {
  ids: ['E7', 'E11'],
  title: 'symbolic regression, Nguyen 1 to 8',
  measure: async () => {
    const budget = isFull()
      ? FULL
      : { seeds: numberAfter('--seeds', 1), evaluations: numberAfter('--evaluations', 20_000) };
    const trials = await tryAll(asked(budget), textAfter('--into'));
    return [...(trials.length === 0 ? [] : byProblem(trials)), ...together(trials, budget)];
  },
};

/** Seed after seed, so that what a run that is ended early leaves is as much of each curve. */
function asked({ seeds, evaluations }: Budget): readonly Asked[] {
  return Array.from({ length: seeds }, (_, at) => at + 1).flatMap((seed) =>
    PROBLEMS.map(({ name }) => ({ problem: name, seed, budget: evaluations })),
  );
}

async function tryAll(wanted: readonly Asked[], file: string | undefined): Promise<readonly CurveTrial[]> {
  const kept = file === undefined ? [] : await readTrials(file);
  const known = wanted.flatMap((one) => kept.find((trial) => isOf(trial, one)) ?? []);
  const left = wanted.filter((one) => !known.some((trial) => isOf(trial, one)));
  const trials = [...known];
  const next = left.values();
  const lane = async (): Promise<void> => {
    for (const one of next) {
      const line = await attempt(one);
      if (file !== undefined) await appendFile(file, line);
      trials.push(parseTrial(line));
      say(`${trials.length} of ${wanted.length}: ${line.trim()}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return trials;
}

function isOf(trial: Asked, { problem, seed, budget }: Asked): boolean {
  return trial.problem === problem && trial.seed === seed && trial.budget === budget;
}

async function attempt({ problem, seed, budget }: Asked): Promise<string> {
  const args = ['--conditions=source', TRIAL, problem, String(seed), String(budget)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout;
}

async function readTrials(file: string): Promise<readonly CurveTrial[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').slice(0, -1); // What a process that was killed has not ended is done again.
  return lines.map(parseTrial);
}

/** Written by `curve-trial.ts`. */
function parseTrial(line: string): CurveTrial {
  return JSON.parse(line) as CurveTrial;
}

function byProblem(trials: readonly CurveTrial[]): readonly Figure[] {
  return PROBLEMS.map(({ name }) => {
    const own = trials.filter(({ problem }) => problem === name);
    return told(name, own.filter((trial) => trial.is_found).length, `of ${own.length}`);
  });
}

function together(trials: readonly CurveTrial[], budget: Budget): readonly Figure[] {
  const isWhole = budget.evaluations >= FULL.evaluations && budget.seeds >= FULL.seeds;
  const found = percentOf(trials, (trial) => trial.is_found);
  const p = chanceOf(trials);
  return [
    isWhole ? atLeast('recovered', found, { unit: '%', bound: 55 }) : told('recovered', found, '%'),
    told(
      'control_best_of_n',
      percentOf(trials, (trial) => trial.is_found_by_control),
      '%',
    ),
    told(
      'control_random',
      percentOf(trials, (trial) => trial.is_drawn),
      '%',
    ),
    isWhole ? atMost('p_against_controls', p, { unit: '', bound: 0.01 }) : told('p_against_controls', p, ''),
  ];
}

function percentOf(trials: readonly CurveTrial[], counts: (trial: CurveTrial) => boolean): number {
  return (100 * trials.filter(counts).length) / trials.length;
}

/** Of the trials in which one of the two found the curve and the other did not: McNemar's test, mid-p. */
function chanceOf(trials: readonly CurveTrial[]): number {
  const ofControls = (trial: CurveTrial): boolean => trial.is_found_by_control || trial.is_drawn;
  const onlyCandidate = trials.filter((trial) => trial.is_found && !ofControls(trial)).length;
  const onlyBaseline = trials.filter((trial) => !trial.is_found && ofControls(trial)).length;
  return mcnemar({ onlyCandidate, onlyBaseline }).midP;
}
