/**
 * All selectors there are. A new one is a file beside this one and a line here.
 */
import { adaptiveEpsilon } from './adaptive-epsilon.ts';
import { ageLayered } from './age-layered.ts';
import { epsilonLexicase } from './epsilon-lexicase.ts';
import { fitnessProportional } from './fitness-proportional.ts';
import { lexicase } from './lexicase.ts';
import { mapElites } from './map-elites.ts';
import { novelty } from './novelty.ts';
import { pareto } from './pareto.ts';
import { powerLaw } from './power-law.ts';
import { rankProportional } from './rank-proportional.ts';
import { softmax } from './softmax.ts';
import type { SelectorKind } from './strategy.ts';
import { thompson } from './thompson.ts';
import { tournament } from './tournament.ts';
import { ucb } from './ucb.ts';
import { weighted } from './weighted.ts';

/** In the order in which a list shows them: the contract's default first. */
export const SELECTORS: readonly SelectorKind[] = [
  adaptiveEpsilon,
  tournament,
  powerLaw,
  weighted,
  rankProportional,
  fitnessProportional,
  softmax,
  ucb,
  thompson,
  lexicase,
  epsilonLexicase,
  pareto,
  mapElites,
  ageLayered,
  novelty,
];
