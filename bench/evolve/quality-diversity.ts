/**
 * Question (E8): does MAP-Elites through archive and selector fill as many cells, as well, as in its plainest form? Workload: sphere and Rastrigin
 * of ten dimensions, two linear measures, 20 × 20 cells, 20,000 evaluations, seeds 1 to 3. Budget: within 1 %.
 */
import {
  normalisedBy,
  ours,
  rastrigin,
  reference,
  sphere,
  type Objective,
} from '../../packages/evolve/src/search/archive/quality-diversity.fixture.ts';
import { atMost, told, type Figure } from '../lib/figures.ts';
import type { Part } from './part.ts';

const SEEDS = [1, 2, 3];

/** E8. */
export const qualityDiversity: Part = {
  ids: ['E8'],
  title: 'MAP-Elites beside a plain one, 20,000 evaluations',
  measure: async () => [...figuresOf('sphere', sphere), ...figuresOf('rastrigin', rastrigin)],
};

function figuresOf(name: string, objective: Objective): readonly Figure[] {
  const pairs = SEEDS.map((seed) => ({
    own: ours(normalisedBy(objective), seed),
    plain: reference(normalisedBy(objective), seed),
  }));
  const worst = (of: 'coverage' | 'qd'): number =>
    100 * Math.max(...pairs.map(({ own, plain }) => Math.abs(own[of] / plain[of] - 1)));
  const mean = (of: 'coverage' | 'qd'): number => pairs.reduce((sum, { own }) => sum + own[of], 0) / pairs.length;
  return [
    told(`${name}_coverage`, 100 * mean('coverage'), '%'),
    told(`${name}_qd_score`, mean('qd'), ''),
    atMost(`${name}_coverage_off`, worst('coverage'), { unit: '%', bound: 1 }),
    atMost(`${name}_qd_score_off`, worst('qd'), { unit: '%', bound: 1 }),
  ];
}
