/**
 * Questions (G3 to G8): do intervals cover, rules let in only what they may, monitors stay quiet and see what is worse? Workload: the same
 * made-up worlds as `npm run verify:statistics`, 500 of each figure where `--worlds N` says nothing else; bands widen with fewer.
 */
import { createRandom, pairsUntilPromotion } from '../../packages/guard/src/statistics/index.ts';
import { verifyDecisions } from '../../packages/guard/src/decision/simulation/verify-decisions.ts';
import { verifyMonitors } from '../../packages/guard/src/monitors/simulation/verify-monitors.ts';
import { holds, type Row as WorldRow } from '../../packages/guard/src/statistics/simulation/report.ts';
import { verifyStatistics } from '../../packages/guard/src/statistics/simulation/verify.ts';
import { atLeast, atMost, told } from '../lib/figures.ts';
import type { Part, Row } from './row.ts';

const WORLDS = 500;
const at = process.argv.indexOf('--worlds');
const runs = at === -1 ? WORLDS : Number(process.argv[at + 1]);
const worlds = { runs, chanceOf: (name: string) => createRandom(`bench ${name}`).next };

/** G3 to G6. */
export const decisionWorlds: Part = {
  id: 'G3-G6',
  title: `intervals and rules in ${runs} worlds a figure`,
  measure: () => {
    const rows = verifyStatistics(worlds);
    const coverage = rows.filter(({ figure }) => figure === 'coverage');
    const peeked = rows.filter(({ figure }) => figure === 'false promotions');
    const ours = peeked.filter(({ estimator }) => estimator === 'e-process');
    const naive = peeked.filter(({ estimator }) => estimator !== 'e-process');
    const policies = verifyDecisions(worlds).filter(({ figure }) => figure === 'false promotions');
    const power = rows.filter(({ figure }) => ['power', 'mean pairs', 'median pairs'].includes(figure));
    const exact = EXACT.filter(({ margin, pairs }) => promotedAt(margin) === pairs).length;
    return Promise.resolve([
      outOfBand('G3', `coverage of intervals, ${coverage.length} figures: outside their band`, coverage),
      outOfBand(
        'G4',
        `false promotions of policies on the bar, ${policies.length} figures: outside their band`,
        policies,
      ),
      most('G4', 'the highest of them', policies),
      outOfBand('G5', `false promotions with a look after every pair, ${ours.length} worlds: outside their band`, ours),
      most('G5', 'the highest of them', ours),
      most('G5', 'naive peeking in the same worlds', naive),
      outOfBand('G6', `power and pairs to a decision, ${power.length} figures: outside their band`, power),
      {
        id: 'G6',
        what: `pairs that promote what is identical, of ${EXACT.length} margins: exactly as computed`,
        figure: atLeast('exact_pairs', exact, { unit: 'margins', bound: EXACT.length }),
      },
    ]);
  },
};

/** G7 and G8. */
export const monitorWorlds: Part = {
  id: 'G7-G8',
  title: `monitors in ${runs} worlds a figure`,
  measure: () => {
    const rows = verifyMonitors(worlds);
    const quiet = rows.filter(({ figure }) => figure === 'false alarms');
    const seen = rows.filter(({ figure }) => figure === 'power');
    const slower = seen.find(({ estimator, scenario }) => estimator === 'latency' && scenario.startsWith('15 %'));
    return Promise.resolve([
      outOfBand('G7', `false alarms of monitors, ${quiet.length} figures: outside their band`, quiet),
      most('G7', 'the highest of them', quiet),
      {
        id: 'G8',
        what: '15 % slower in 400 cases: seen by `latency`',
        figure: atLeast('latency_15_percent_seen', percentOf(slower), { unit: '%', bound: 99 }),
      },
      outOfBand('G8', `all that is worse, ${seen.length} figures: seen less often than they must`, seen),
    ]);
  },
};

/** EVIDENCE 2.5: pairs at which identical outputs promote, for a margin. */
const EXACT = [
  { margin: 0.005, pairs: 1_073 },
  { margin: 0.01, pairs: 535 },
  { margin: 0.02, pairs: 266 },
  { margin: 0.05, pairs: 105 },
  { margin: 0.1, pairs: 51 },
] as const;

function promotedAt(margin: number): number {
  const more = pairsUntilPromotion({ onlyCandidate: 0, onlyBaseline: 0, same: 1, m: -margin, alpha: 0.025 });
  return (more ?? Number.NaN) + 1;
}

function outOfBand(id: string, what: string, rows: readonly WorldRow[]): Row {
  const name = `${id.toLowerCase()}_${what.split(',')[0]?.replaceAll(/\W+/gu, '_') ?? ''}_out_of_band`;
  const value = rows.filter((row) => !holds(row)).length;
  return { id, what, figure: atMost(name, value, { unit: 'figures', bound: 0 }) };
}

function most(id: string, what: string, rows: readonly WorldRow[]): Row {
  const highest = 100 * Math.max(...rows.map(({ found }) => found));
  const name = `${id.toLowerCase()}_${what.replaceAll(/\W+/gu, '_')}`;
  return { id, what, figure: told(name, highest, '%') };
}

function percentOf(row: WorldRow | undefined): number {
  return row === undefined ? Number.NaN : 100 * row.found;
}
