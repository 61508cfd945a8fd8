/**
 * The validation of EVIDENCE 2.12: every monitor as it is made from its specification, over runs of a candidate that is the baseline,
 * and of one that is worse. Each figure has chance of its own.
 */
import type { MonitorStatus } from '../monitor.ts';
import { parseMonitorSpec } from '../monitor-spec.ts';
import type { Row } from '../../statistics/simulation/report.ts';
import { drawRecords, type World } from './worlds.ts';

/** Runs of each figure, and the chance of a figure by its name. */
export type MonitorVerification = { readonly runs: number; readonly chanceOf: (name: string) => () => number };

/** Nothing is worse: whatever is not `ok` is a false alarm. */
const EQUAL: readonly { readonly world: World; readonly specs: readonly string[] }[] = [
  {
    world: { name: 'equal', cases: 100, groups: 2 },
    specs: ['latency', 'success_rate', 'trend', 'fairness', 'resource', 'llm_cost', 'variance', 'composite', 'drift'],
  },
  {
    world: { name: 'equal', cases: 400, groups: 10 },
    specs: ['latency', 'success_rate', 'trend', 'fairness', 'resource', 'variance', 'drift'],
  },
  { world: { name: 'equal, with an address in 2 %', cases: 400, groups: 1, marked: 0 }, specs: ['pii'] },
];

type Worse = {
  readonly spec: string;
  readonly world: World;
  /** What counts as having seen it. */
  readonly seen: readonly MonitorStatus[];
  readonly least: number;
};

const ALERTED = ['alert'] as const;
const TOLD = ['warn', 'alert'] as const;

/** Success on both sides, always. */
const SURE = { baseline: 1, first: 1, others: 1 };

/** What has to be seen, and in which share of the runs; 15 % and 5 % are EVIDENCE's. */
const WORSE: readonly Worse[] = [
  {
    spec: 'latency',
    world: { name: '15 % slower', cases: 400, groups: 1, ratio: 1.15, passes: SURE },
    seen: ALERTED,
    least: 0.99,
  },
  {
    spec: 'latency',
    world: { name: '5 % slower', cases: 400, groups: 1, ratio: 1.05, passes: SURE },
    seen: TOLD,
    least: 0.95,
  },
  { spec: 'resource', world: { name: '15 % more', cases: 400, groups: 1, ratio: 1.15 }, seen: ALERTED, least: 0.99 },
  { spec: 'llm_cost', world: { name: '25 % more', cases: 100, groups: 1, ratio: 1.25 }, seen: ALERTED, least: 0.95 },
  {
    spec: 'success_rate',
    world: { name: '15 points lost', cases: 400, groups: 1, passes: rates(0.75, 0.75) },
    seen: ALERTED,
    least: 0.95,
  },
  {
    spec: 'fairness',
    world: { name: '25 points lost by one of two', cases: 400, groups: 2, passes: rates(0.65, 0.9) },
    seen: ALERTED,
    least: 0.95,
  },
  {
    spec: 'trend',
    world: { name: 'twice as slow at the end', cases: 400, groups: 1, rise: 1 },
    seen: ALERTED,
    least: 0.95,
  },
  {
    spec: 'drift',
    world: { name: '15 % slower from half of the run on', cases: 400, groups: 1, ratio: 1.15, from: 0.5, passes: SURE },
    seen: ALERTED,
    least: 0.98,
  },
  {
    spec: 'pii',
    world: { name: 'an address in 10 % of the answers', cases: 400, groups: 1, marked: 0.08 },
    seen: ALERTED,
    least: 0.95,
  },
  { spec: 'variance', world: { name: 'noise of 0.8', cases: 400, groups: 1, noise: 0.8 }, seen: ALERTED, least: 0.95 },
  {
    spec: 'composite',
    world: { name: '25 % slower', cases: 100, groups: 1, ratio: 1.25, passes: SURE },
    seen: ALERTED,
    least: 0.95,
  },
];

function rates(first: number, others: number): NonNullable<World['passes']> {
  return { baseline: 0.9, first, others };
}

/**
 * All figures, each with its band: false alarms, and the share of the runs in which what is worse is seen.
 *
 * @remarks Some two minutes at 2,000 runs. Same runs and chance, same rows.
 */
export function verifyMonitors(verification: MonitorVerification): readonly Row[] {
  return [...equalRows(verification), ...worseRows(verification)];
}

function equalRows({ runs, chanceOf }: MonitorVerification): readonly Row[] {
  return EQUAL.flatMap(({ world, specs }) =>
    specs.map((spec): Row => {
      const scenario = nameOf(world);
      const statuses = statusesOf(spec, world, { runs, next: chanceOf(`${spec} ${scenario}`) });
      // Marks that both sides have are a warning, and no false one.
      const found = shareOf(statuses, (status) => status !== 'ok' && (status !== 'warn' || spec !== 'pii'));
      return { estimator: spec, scenario, figure: 'false alarms', found, band: [0, falseAlarmsMost(runs)] };
    }),
  );
}

function worseRows({ runs, chanceOf }: MonitorVerification): readonly Row[] {
  return WORSE.map(({ spec, world, seen, least }): Row => {
    const scenario = nameOf(world);
    const statuses = statusesOf(spec, world, { runs, next: chanceOf(`${spec} ${scenario}`) });
    const found = shareOf(statuses, (status) => seen.includes(status));
    const band = [least - (runs < RUNS ? 3 * errorOf(least, runs) : 0), 1] as const;
    return { estimator: spec, scenario, figure: 'power', found, band };
  });
}

/** How each of so many runs ended. */
function statusesOf(
  spec: string,
  world: World,
  { runs, next }: { readonly runs: number; readonly next: () => number },
): readonly MonitorStatus[] {
  const monitor = parseMonitorSpec(spec);
  return Array.from({ length: runs }, () => {
    monitor.start({ task: world.name, total_cases: world.cases });
    for (const record of drawRecords(world, next)) monitor.record(record);
    return monitor.finalize().summary.status;
  });
}

function shareOf(statuses: readonly MonitorStatus[], counts: (status: MonitorStatus) => boolean): number {
  return statuses.filter(counts).length / statuses.length;
}

const ALPHA = 0.01;
/** Runs for which EVIDENCE gives the bands; fewer widen them by their Monte Carlo error. */
const RUNS = 2_000;

/** EVIDENCE's 2 %, which at an alpha of 1 % is four standard errors of 2,000 runs away. */
function falseAlarmsMost(runs: number): number {
  return ALPHA + Math.max(0.01, 3 * errorOf(ALPHA, runs));
}

function errorOf(share: number, runs: number): number {
  return Math.sqrt((share * (1 - share)) / runs);
}

function nameOf({ name, cases, groups }: World): string {
  return `${name}, n=${cases}${groups > 1 ? `, ${groups} groups` : ''}`;
}
