/**
 * A program of a search, and its name, which is fixed by where it came from.
 */
import { hash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import type { Fitness } from '../fitness/fitness.ts';

/**
 * A program that was evaluated.
 *
 * @public
 */
export type Program = {
  /** What {@link programId} gives. */
  readonly id: string;
  /** The first is the one that was changed; others gave parts. None of a program that a search starts with. */
  readonly parents: readonly string[];
  readonly source: string;
  /** The island that its parent was chosen from. */
  readonly island: number;
  /** Steps from a program without parents. */
  readonly generation: number;
  /** The evaluation, from 0 up, that it was made for. */
  readonly evalIndex: number;
  readonly fitness: Fitness;
  /** What was measured beside the fitness, by name, such as `speed_ms`; descriptors are made of it. */
  readonly measures: Readonly<Record<string, number>>;
};

/**
 * Where a program came from.
 *
 * @public
 */
export type Origin = { readonly parentIds: readonly string[]; readonly patch: string; readonly evalIndex: number };

/**
 * The id of a program: 32 hex digits of SHA-256 of its origin, the same on every machine and in every run of one seed.
 *
 * @see EVIDENCE 2.15, determinism.
 * @public
 */
export function programId({ parentIds, patch, evalIndex }: Origin): string {
  return hash('sha256', JSON.stringify([parentIds, patch, evalIndex])).slice(0, 32);
}

/** A program as JSON; everything in it is. */
export function writeProgram(program: Program): JsonObject {
  return { ...program, fitness: { ...program.fitness } };
}

/** @throws {EvolveError} `CHECKPOINT_INVALID` where it is not what {@link writeProgram} wrote. */
export function readProgram(value: JsonValue | undefined): Program {
  if (isJsonObject(value)) {
    const { id, parents, source, island, generation, evalIndex, fitness, measures } = value;
    if (typeof id === 'string' && typeof source === 'string' && isListOf(parents, isText))
      if (isCount(island) && isCount(generation) && isCount(evalIndex) && isMeasures(measures))
        return { id, parents, source, island, generation, evalIndex, fitness: readFitness(fitness), measures };
  }
  throw checkpointError('a program', value);
}

/** Says what of a checkpoint no archive can have written. */
export function checkpointError(what: string, value: unknown): EvolveError {
  const text = JSON.stringify(value)?.slice(0, 80) ?? 'missing';
  return new EvolveError(
    'CHECKPOINT_INVALID',
    `${what} of a checkpoint is ${text}; expected what checkpoint() returned`,
  );
}

/** Tells whether a value is a list of such items. */
export function isListOf<Item extends JsonValue>(
  value: JsonValue | undefined,
  isItem: (item: JsonValue) => item is Item,
): value is readonly Item[] {
  return Array.isArray(value) && value.every((item) => isItem(item));
}

/** Tells whether a value is a text. */
export function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string';
}

/** Tells whether a value is a whole number from 0 up. */
export function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function readFitness(value: JsonValue | undefined): Fitness {
  if (isJsonObject(value)) {
    const { n, mean, variance, cases } = value;
    if (isCount(n) && typeof mean === 'number' && typeof variance === 'number' && isListOf(cases, isNumber))
      return { n, mean, variance, cases };
  }
  throw checkpointError('a fitness', value);
}

function isNumber(value: JsonValue): value is number {
  return typeof value === 'number';
}

function isMeasures(value: JsonValue | undefined): value is Readonly<Record<string, number>> {
  return isJsonObject(value) && Object.values(value).every((item) => typeof item === 'number');
}
