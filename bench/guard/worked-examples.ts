/**
 * Question (G2): do the statistics give the published examples? Workload: examples of EVIDENCE 2.2 to 2.11, each compared to the digits it
 * is given with; the tests of the statistics hold them and more to further digits.
 */
import {
  benjaminiHochberg,
  bonettPriceInterval,
  clopperPearsonInterval,
  eProcess,
  holm,
  mannKendall,
  mannWhitneyTest,
  mcnemar,
  mcnemarEValue,
  newcombeInterval,
  newcombePairedInterval,
  noFailureBound,
  obrienFlemingConstant,
  orderStatisticRanks,
  pairedSampleSize,
  peekingError,
  pocockConstant,
  tangoInterval,
  theilSen,
  unpairedSampleSize,
  wilsonInterval,
} from '../../packages/guard/src/statistics/index.ts';
import { atLeast } from '../lib/figures.ts';
import type { Part } from './row.ts';

type Example = readonly [
  name: string,
  digits: number,
  expected: readonly number[],
  found: () => readonly (number | undefined)[],
];

const SINGLE = [
  [81, 263, [0.2553, 0.3662], [0.2527, 0.3676]],
  [15, 148, [0.0624, 0.1605], [0.0578, 0.1617]],
  [0, 20, [0, 0.1611], [0, 0.1684]],
  [1, 29, [0.0061, 0.1718], [0.0009, 0.1776]],
] as const;

const INDEPENDENT = [
  [56, 70, 48, 80, [0.0524, 0.3339]],
  [9, 10, 3, 10, [0.1705, 0.809]],
  [6, 7, 2, 7, [0.0582, 0.8062]],
  [5, 56, 0, 29, [-0.0381, 0.1926]],
  [0, 10, 0, 20, [-0.1611, 0.2775]],
  [0, 10, 0, 10, [-0.2775, 0.2775]],
  [10, 10, 0, 20, [0.6791, 1]],
  [10, 10, 0, 10, [0.6075, 1]],
] as const;

/** Both, only the first, only the second, neither: Fagerland and others 2013. */
const PAIRED = [
  [
    'AHR',
    { both: 1, onlyCandidate: 1, onlyBaseline: 7, neither: 12 },
    [-0.5069, -0.0256],
    [-0.5172, -0.026],
    [-0.5084, -0.0134],
    0.0391,
  ],
  [
    'CCRT',
    { both: 59, onlyCandidate: 6, onlyBaseline: 16, neither: 80 },
    [-0.1186, -0.0046],
    [-0.124, -0.0054],
    [-0.1195, -0.0032],
    0.0347,
  ],
] as const;

const BETS = [
  [30, 360, 10, 0, 4.146754],
  [12, 384, 4, 0, 1.418921],
  [0, 266, 0, -0.02, 3.693401],
  [0, 535, 0, -0.01, 3.692633],
  [0, 400, 0, -0.02, 5.997171],
  [5, 90, 5, 0, -0.995853],
  [1, 98, 1, -0.05, 2.313124],
] as const;

const LOOKS = [2, 3, 4, 5, 10] as const;
const POCOCK = [2.178, 2.289, 2.361, 2.413, 2.555];
const OBRIEN_FLEMING = [1.977, 2.004, 2.024, 2.04, 2.087];
const PEEKING_LOOKS = [1, 2, 3, 4, 5, 10, 20] as const;
const PEEKING = [0.05, 0.0831, 0.1073, 0.1262, 0.1417, 0.1934, 0.2479];

const MANN_WHITNEY = {
  x: [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
  y: [1.15, 0.88, 0.9, 0.74, 1.21],
};
const SERIES = [1.2, 1.5, 1.4, 1.9, 2.1, 1.8, 2.4, 2.6, 2.5, 3];
/** Benjamini and Hochberg 1995. */
const PS = [
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
];
const PS_ADJUSTED = [
  0.0015, 0.003, 0.0095, 0.0356, 0.0603, 0.0639, 0.0639, 0.0645, 0.0765, 0.486, 0.5812, 0.7149, 0.7532, 0.8132, 1,
];

const EXAMPLES: readonly Example[] = [
  ...SINGLE.flatMap(([x, n, wilson, exact]): readonly Example[] => [
    [`Wilson ${x}/${n}`, 4, wilson, () => wilsonInterval(x, n)],
    [`Clopper and Pearson ${x}/${n}`, 4, exact, () => clopperPearsonInterval(x, n)],
  ]),
  ['no failure in 59, 299, 400', 4, [0.0495, 0.01, 0.0075], () => [59, 299, 400].map((n) => noFailureBound(n))],
  ...INDEPENDENT.map(([x1, n1, x2, n2, expected]): Example => [
    `Newcombe ${x1}/${n1} − ${x2}/${n2}`,
    4,
    expected,
    () => newcombeInterval(x1, n1, x2, n2),
  ]),
  ...PAIRED.flatMap(([name, table, newcombe, tango, bonettPrice, midP]): readonly Example[] => {
    const { both, onlyCandidate, onlyBaseline, neither } = table;
    const counts = { onlyCandidate, onlyBaseline, n: both + onlyCandidate + onlyBaseline + neither };
    return [
      [`Newcombe, paired, ${name}`, 4, newcombe, () => newcombePairedInterval(table)],
      [`Tango, ${name}`, 4, tango, () => tangoInterval(counts)],
      [`Bonett and Price, ${name}`, 4, bonettPrice, () => bonettPriceInterval(counts)],
      [`McNemar mid-p, ${name}`, 4, [midP], () => [mcnemar(counts).midP]],
    ];
  }),
  ...BETS.map(([onlyCandidate, same, onlyBaseline, m, logE]): Example => [
    `e-process ${onlyCandidate}, ${same}, ${onlyBaseline} against ${m}`,
    6,
    [logE],
    () => [eProcess({ onlyCandidate, same, onlyBaseline }, { m, alpha: 0.025 }).logE],
  ]),
  [
    'McNemar e-value 30, 10',
    6,
    [31.636906],
    () => [Math.exp(mcnemarEValue({ onlyCandidate: 30, onlyBaseline: 10 }).logE)],
  ],
  ['peeking at .05', 4, PEEKING, () => PEEKING_LOOKS.map((looks) => peekingError(looks, 0.05))],
  ['Pocock', 3, POCOCK, () => LOOKS.map((looks) => pocockConstant(looks, 0.05))],
  ['O’Brien and Fleming', 3, OBRIEN_FLEMING, () => LOOKS.map((looks) => obrienFlemingConstant(looks, 0.05))],
  [
    'Mann and Whitney',
    6,
    [35, 0.127206],
    () => {
      const { w, p } = mannWhitneyTest(MANN_WHITNEY.x, MANN_WHITNEY.y, { alternative: 'greater' });
      return [w, p];
    },
  ],
  ['ranks of a median of 100', 0, [40, 61], () => orderStatisticRanks(100, 0.5)],
  ['ranks of p95 of 400', 0, [371, 389], () => orderStatisticRanks(400, 0.95)],
  ['ranks of p99 of 1,000', 0, [983, 997], () => orderStatisticRanks(1_000, 0.99)],
  [
    'Theil and Sen',
    6,
    [0.1875, 0.142857, 0.228571],
    () => {
      const { slope, interval } = theilSen(SERIES);
      return [slope, ...interval];
    },
  ],
  ['Kendall’s tau', 6, [0.822222], () => [mannKendall(SERIES).tau]],
  ['Benjamini and Hochberg', 4, PS_ADJUSTED, () => benjaminiHochberg(PS)],
  ['Holm, rejected at .05', 0, [3], () => [holm(PS).filter((p) => p <= 0.05).length]],
  [
    'cases of a paired design',
    0,
    [1_175, 469, 155],
    () =>
      [
        { discordance: 0.06, delta: 0.02 },
        { discordance: 0.15, delta: 0.05 },
        { discordance: 0.2, delta: 0.1 },
      ].map((design) => pairedSampleSize({ ...design, alpha: 0.05, power: 0.8 })),
  ],
  ['cases an arm, .6 against .7', 0, [354], () => [unpairedSampleSize({ p1: 0.6, p2: 0.7, alpha: 0.05, power: 0.8 })]],
];

/** G2. */
export const workedExamples: Part = {
  id: 'G2',
  title: 'worked examples',
  measure: () => {
    const agreeing = EXAMPLES.filter(agrees).length;
    const figure = atLeast('worked_examples_that_agree', agreeing, { unit: 'examples', bound: EXAMPLES.length });
    const row = { id: 'G2', what: `published examples of ${EXAMPLES.length} that agree to the digits given`, figure };
    return Promise.resolve([row]);
  },
};

/** Half a unit of the last digit, and what a published figure that was rounded before may be off. */
function agrees([name, digits, expected, found]: Example): boolean {
  const all = found();
  const tolerance = 0.51 * 10 ** -digits;
  const isRight =
    all.length === expected.length &&
    all.every((value, at) => value !== undefined && Math.abs(value - (expected[at] ?? Number.NaN)) <= tolerance);
  if (!isRight) console.error(`${name}: ${all.join(', ')} in place of ${expected.join(', ')}`);
  return isRight;
}
