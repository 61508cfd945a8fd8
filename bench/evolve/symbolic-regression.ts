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

/** Who looks for a curve: the search, and its two controls. */
export type Seeker = 'search' | 'best_of_n' | 'random';

/** What became of one curve with one seed, and after how many evaluations. */
export type CurveTrial = {
  readonly by: Seeker;
  readonly problem: string;
  readonly seed: number;
  readonly budget: number;
  readonly is_found: boolean;
  readonly evaluations: number;
};

type Budget = { readonly seeds: number; readonly evaluations: number };
type Asked = Pick<CurveTrial, 'by' | 'problem' | 'seed' | 'budget'>;

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

/** The search first, and seed after seed, so that what a run that is ended early leaves is as much of each curve. */
function asked({ seeds, evaluations: budget }: Budget): readonly Asked[] {
  const numbers = Array.from({ length: seeds }, (_, at) => at + 1);
  const trialsOf = (by: Seeker): readonly Asked[] =>
    numbers.flatMap((seed) => PROBLEMS.map(({ name: problem }) => ({ by, problem, seed, budget })));
  return (['search', 'random', 'best_of_n'] as const).flatMap(trialsOf);
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

function isOf(trial: Asked, { by, problem, seed, budget }: Asked): boolean {
  return trial.by === by && trial.problem === problem && trial.seed === seed && trial.budget === budget;
}

async function attempt({ by, problem, seed, budget }: Asked): Promise<string> {
  const args = ['--conditions=source', TRIAL, by, problem, String(seed), String(budget)];
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
    const own = trials.filter(({ by, problem }) => by === 'search' && problem === name);
    return told(name, own.filter((trial) => trial.is_found).length, `of ${own.length}`);
  });
}

function together(trials: readonly CurveTrial[], { seeds, evaluations }: Budget): readonly Figure[] {
  const isWhole = evaluations >= FULL.evaluations && seeds >= FULL.seeds;
  const found = percentFound(trials, 'search');
  const p = chanceOf(trials);
  return [
    isWhole ? atLeast('recovered', found, { unit: '%', bound: 55 }) : told('recovered', found, '%'),
    told('control_best_of_n', percentFound(trials, 'best_of_n'), '%'),
    told('control_random', percentFound(trials, 'random'), '%'),
    isWhole ? atMost('p_against_controls', p, { unit: '', bound: 0.01 }) : told('p_against_controls', p, ''),
  ];
}

function percentFound(trials: readonly CurveTrial[], seeker: Seeker): number {
  const own = trials.filter(({ by }) => by === seeker);
  return (100 * own.filter((trial) => trial.is_found).length) / own.length;
}

/** Of the pairs in which either the search found the curve or one of its controls did, and not both: McNemar's test, mid-p. */
function chanceOf(trials: readonly CurveTrial[]): number {
  const foundBy = (...seekers: readonly Seeker[]): ReadonlySet<string> => {
    const found = trials.filter(({ by, is_found }) => is_found && seekers.includes(by));
    return new Set(found.map(({ problem, seed }) => `${problem} ${seed}`));
  };
  const [search, controls] = [foundBy('search'), foundBy('best_of_n', 'random')];
  const onlyCandidate = [...search].filter((one) => !controls.has(one)).length;
  const onlyBaseline = [...controls].filter((one) => !search.has(one)).length;
  return mcnemar({ onlyCandidate, onlyBaseline }).midP;
}
