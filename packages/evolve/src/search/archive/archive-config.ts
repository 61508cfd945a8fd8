/**
 * The configuration of an archive.
 */
import { choiceSetting, numberSetting, readConfig, valueError, wholeSetting, type ConfigOf } from '../config.ts';
import { readDescriptors, type Descriptor } from './descriptors.ts';

const SETTINGS = {
  /** Islands, and every how many evaluations the best of each travel; 0 is never. */
  islands: wholeSetting(1, 1, 1_000),
  migration_every: wholeSetting(0, 0, 1e9),
  migrants: wholeSetting(1, 1, 1_000),
  topology: choiceSetting(['ring', 'full', 'star']),
  /** Every how many evaluations the worse half of the islands starts anew; 0 is never. */
  reset_every: wholeSetting(0, 0, 1e9),
  /** A cell's threshold moves by this share towards what it takes in; 1 is the classic rule, that the better one stays. */
  learning_rate: numberSetting(1, 0, 1),
  threshold_min: numberSetting(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE),
  /** What the quality of a cell is counted from. */
  qd_offset: numberSetting(0, -Number.MAX_VALUE, Number.MAX_VALUE),
  /** Measurements without which nothing gets in. */
  n_min: wholeSetting(1, 1, 1e6),
  caution: numberSetting(1, 0, 100),
  noise: numberSetting(0, 0, Number.MAX_VALUE),
  /** Cells around centroids in place of a grid; 0 is a grid. */
  cvt_cells: wholeSetting(0, 0, 10_000),
  front_max: wholeSetting(1_000, 1, 100_000),
  seed: { kind: 'seed', initial: 0 },
} as const;

/**
 * A configuration with every default in it.
 *
 * @public
 */
export type ArchiveConfig = ConfigOf<typeof SETTINGS> & { readonly descriptors: readonly Descriptor[] };

const SUBJECT = { what: 'an archive', code: 'ARCHIVE_INVALID' } as const;

/** @throws {EvolveError} `ARCHIVE_INVALID` where a key is not known (the message has the nearest) or a value is out of its range. */
export function readArchiveConfig(config: unknown): ArchiveConfig {
  const isTable = typeof config === 'object' && config !== null && !Array.isArray(config);
  const { descriptors: asked, ...rest } = isTable ? (config as Readonly<Record<string, unknown>>) : {}; // Each key is checked.
  const table = readConfig(isTable || config === undefined ? rest : config, SETTINGS, SUBJECT);
  const descriptors = readDescriptors(asked);
  if (table.learning_rate < 1 && table.threshold_min === Number.NEGATIVE_INFINITY) {
    const expected = 'a finite number where learning_rate is below 1: a threshold cannot move up from −∞ by a share';
    throw valueError('threshold_min', { value: table.threshold_min, expected }, SUBJECT);
  }
  if (table.cvt_cells > 0 && !descriptors.every((descriptor) => 'bins' in descriptor)) {
    const expected = '0, or descriptors that all have least and most';
    throw valueError('cvt_cells', { value: table.cvt_cells, expected }, SUBJECT);
  }
  return { ...table, descriptors };
}
