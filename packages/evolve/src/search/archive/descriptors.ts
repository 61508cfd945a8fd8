/**
 * Which cell of the archive a program belongs to. Bins have fixed edges, from the configuration alone: what comes in later never moves a
 * program that is there to another cell.
 */
import type { EvolveError } from '../../evolve-error.ts';
import { readConfig, valueError, wholeSetting, numberSetting, type ConfigSubject } from '../config.ts';
import type { Program } from './program.ts';

/**
 * One dimension of the archive. What it reads is the measure of that name, or of the program itself its `length` (UTF-16 units) and
 * `generation`. `bins` parts of equal width from `least` to `most`, and what lies outside belongs to the first or the last; or bins between
 * `edges`, which ascend; or bins of width `step` from 0 on without an end; or the rest of a division by `modulo`.
 *
 * @public
 */
export type Descriptor = { readonly name: string } & (
  | { readonly least: number; readonly most: number; readonly bins: number }
  | { readonly edges: readonly number[] }
  | { readonly step: number }
  | { readonly modulo: number }
);

/**
 * Speed by 5 ms, memory (the most that a process held) by 32 KiB, length by 40, and the generation's rest by 6.
 *
 * @see X000-24.
 * @public
 */
export const DEFAULT_DESCRIPTORS: readonly Descriptor[] = [
  { name: 'speed_ms', step: 5 },
  { name: 'memory_kb', step: 32 },
  { name: 'length', step: 40 },
  { name: 'generation', modulo: 6 },
];

const SUBJECT = { what: 'a descriptor', code: 'ARCHIVE_INVALID' } as const satisfies ConfigSubject;
const DESCRIPTORS_MAX = 16;
const BINS_MAX = 1_000_000;
const WIDTH = numberSetting(1, 1e-9, 1e12);

/** Reads a list of descriptors. @throws {EvolveError} `ARCHIVE_INVALID`. */
export function readDescriptors(value: unknown): readonly Descriptor[] {
  if (value === undefined) return DEFAULT_DESCRIPTORS;
  if (Array.isArray(value) && value.length > 0 && value.length <= DESCRIPTORS_MAX)
    return value.map((item) => readDescriptor(item));
  const expected = `a list of 1 to ${DESCRIPTORS_MAX} descriptors`;
  throw valueError('descriptors', { value, expected }, { what: 'an archive', code: 'ARCHIVE_INVALID' });
}

/** The values of a program's descriptors; undefined where one was not measured or is no finite number. */
export function describe(program: Program, descriptors: readonly Descriptor[]): readonly number[] | undefined {
  const values = descriptors.map(({ name }) => measureOf(program, name));
  return values.every((value) => value !== undefined && Number.isFinite(value)) ? values.map(Number) : undefined;
}

/** The bin of each value, from 0 up. */
export function binsOf(values: readonly number[], descriptors: readonly Descriptor[]): readonly number[] {
  return descriptors.map((descriptor, at) => binOf(values[at] ?? 0, descriptor));
}

/** The bin of each of a program's descriptors by its name; those that were not measured are left out. */
export function bucketOf(program: Program, descriptors: readonly Descriptor[]): Readonly<Record<string, number>> {
  const bins = descriptors.flatMap((descriptor): readonly (readonly [string, number])[] => {
    const value = measureOf(program, descriptor.name);
    return value !== undefined && Number.isFinite(value) ? [[descriptor.name, binOf(value, descriptor)]] : [];
  });
  return Object.fromEntries(bins);
}

/** How many cells there are; undefined where a descriptor has no end. */
export function countCells(descriptors: readonly Descriptor[]): number | undefined {
  let cells = 1;
  for (const descriptor of descriptors) {
    if ('step' in descriptor) return undefined;
    cells *=
      'bins' in descriptor ? descriptor.bins : 'edges' in descriptor ? descriptor.edges.length + 1 : descriptor.modulo;
  }
  return cells;
}

function measureOf({ measures, source, generation }: Program, name: string): number | undefined {
  if (Object.hasOwn(measures, name)) return measures[name];
  if (name === 'length') return source.length;
  return name === 'generation' ? generation : undefined;
}

function binOf(value: number, descriptor: Descriptor): number {
  if ('step' in descriptor) return Math.floor(value / descriptor.step);
  if ('modulo' in descriptor)
    return Math.floor(value) - descriptor.modulo * Math.floor(Math.floor(value) / descriptor.modulo);
  if ('edges' in descriptor) return descriptor.edges.filter((edge) => value >= edge).length;
  const { least, most, bins } = descriptor;
  return Math.min(bins - 1, Math.max(0, Math.floor(((value - least) / (most - least)) * bins)));
}

function readDescriptor(value: unknown): Descriptor {
  if (typeof value !== 'object' || value === null) throw wrong(value);
  const { name, ...rest } = value as Readonly<Record<string, unknown>>; // Each key is checked below.
  if (typeof name !== 'string' || name === '')
    throw valueError('name', { value: name, expected: 'the name of a measure' }, SUBJECT);
  if ('step' in rest) return { name, ...readConfig(rest, { step: WIDTH }, SUBJECT) };
  if ('modulo' in rest) return { name, ...readConfig(rest, { modulo: wholeSetting(1, 1, BINS_MAX) }, SUBJECT) };
  if ('edges' in rest) return { name, edges: readEdges(rest['edges']) };
  if ('least' in rest && 'most' in rest) return { name, ...readRange(rest) };
  throw wrong(value);
}

function readRange(rest: Readonly<Record<string, unknown>>): { least: number; most: number; bins: number } {
  const number = numberSetting(0, -Number.MAX_VALUE, Number.MAX_VALUE);
  const range = readConfig(rest, { least: number, most: number, bins: wholeSetting(10, 1, BINS_MAX) }, SUBJECT);
  if (range.least < range.most) return range;
  throw valueError('most', { value: range.most, expected: `a number above least, ${range.least}` }, SUBJECT);
}

function readEdges(value: unknown): readonly number[] {
  const edges = Array.isArray(value) ? value.filter((edge) => Number.isFinite(edge)).map(Number) : [];
  const isAscending = edges.every((edge, at) => at === 0 || edge > (edges[at - 1] ?? edge));
  if (Array.isArray(value) && edges.length === value.length && edges.length > 0 && isAscending) return edges;
  throw valueError('edges', { value, expected: 'finite numbers that ascend' }, SUBJECT);
}

function wrong(value: unknown): EvolveError {
  const expected = 'a name with least, most and bins, or edges, or step, or modulo';
  return valueError('an item', { value, expected }, SUBJECT);
}
