/**
 * The table of pairs of each group of cases, in two bytes a case. Which groups there are the baseline says, so that a candidate cannot
 * put the cases that it fails among others.
 */
import type { MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import { roomFor } from './paired-figures.ts';
import { createPairedPasses } from './paired-passes.ts';
import { labelIn } from './result-fields.ts';
import type { PairedTable } from '../statistics/pairs.ts';

/** Each two groups are compared, so that thirty are 435 comparisons. */
const GROUPS_MAX = 30;

/** Tables as records come. */
export interface GroupTables {
  /** @throws {GuardError} `MONITOR_RECORD_INVALID` where the record's index is no index of a case. */
  readonly take: (record: MonitorRecord) => void;
  /** In the order in which the groups came up. */
  readonly groups: () => ReadonlyMap<string, PairedTable>;
  /** Pairs without a group, pairs of groups beyond the thirtieth, cases with one side, and further records of a case and side. */
  readonly leftOut: () => Readonly<Record<'ungrouped' | 'of_further_groups' | 'unpaired' | 'repeats', number>>;
}

type Cells = { both: number; onlyCandidate: number; onlyBaseline: number; neither: number };

/** Marks of cases; groups are numbered from 1. */
const NO_GROUP = 0;
const FURTHER_GROUP = GROUPS_MAX + 1;

/** Starts without any. */
export function createGroupTables(context: Pick<MonitorContext, 'total_cases'>, field: string): GroupTables {
  const passes = createPairedPasses(context);
  const numbers = new Map<string, number>();
  // 0 for pairs without a group, the last for those of further groups.
  const tables: readonly Cells[] = Array.from({ length: GROUPS_MAX + 2 }, emptyCells);
  let groupOf = new Uint8Array(roomFor(context.total_cases));
  const numberOf = (label: string, role: MonitorRecord['role']): number => {
    const known = numbers.get(label);
    if (known !== undefined) return known;
    if (role === 'candidate') return NO_GROUP;
    if (numbers.size === GROUPS_MAX) return FURTHER_GROUP;
    numbers.set(label, numbers.size + 1);
    return numbers.size;
  };
  const take = (record: MonitorRecord): void => {
    const outcome = passes.take(record);
    const { case_index, role, result } = record;
    if (case_index >= groupOf.length) groupOf = longer(groupOf, case_index);
    if (role === 'baseline' || groupOf[case_index] === NO_GROUP) {
      const label = labelIn(result, field);
      if (label !== undefined) groupOf[case_index] = numberOf(label, role);
    }
    const table = tables[groupOf[case_index] ?? NO_GROUP];
    if (outcome !== undefined && table !== undefined) table[outcome] += 1;
  };
  return {
    take,
    groups: () => new Map([...numbers].map(([label, number]) => [label, tables[number] ?? emptyCells()])),
    leftOut: () => ({
      ungrouped: casesOf(tables[NO_GROUP]),
      of_further_groups: casesOf(tables[FURTHER_GROUP]),
      unpaired: passes.unpaired(),
      repeats: passes.repeats(),
    }),
  };
}

function emptyCells(): Cells {
  return { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
}

function casesOf(cells: Cells = emptyCells()): number {
  return cells.both + cells.onlyCandidate + cells.onlyBaseline + cells.neither;
}

function longer(groups: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(Math.max(index + 1, 2 * groups.length));
  grown.set(groups);
  return grown;
}
