/**
 * An archive as plain JSON, and back. Only archive state is in it; what a program or a bin is, the configuration says.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import type { Member } from '../population/program-view.ts';
import type { LineageEntry } from './archive.ts';
import type { ArchiveConfig } from './archive-config.ts';
import { checkpointError, isCount, isListOf, isText, readProgram, writeProgram, type Program } from './program.ts';

/** What an archive has to remember, in the order in which it came. */
export type ArchiveState = {
  readonly evaluations: number;
  readonly due: { readonly migration: boolean; readonly reset: boolean };
  readonly members: readonly Pick<Member<Program>, 'program' | 'children'>[];
  /** Ids of those that own a cell, of the front, and of the best that ever was. */
  readonly living: readonly string[];
  readonly front: readonly string[];
  readonly best: string | undefined;
  readonly islands: readonly IslandState[];
  readonly lineage: readonly LineageEntry[];
};

type IslandState = {
  readonly owners: readonly { readonly id: string; readonly threshold: number }[];
  readonly homes: readonly string[];
};

const VERSION = 1;
const STATUSES = ['new', 'improved', 'rejected'] as const;

/** The state as JSON, with the configuration that it was made under. */
export function writeCheckpoint({ config, ...state }: ArchiveState & { readonly config: ArchiveConfig }): JsonObject {
  return {
    version: VERSION,
    config: JSON.stringify(config),
    evaluations: state.evaluations,
    migration_due: state.due.migration,
    reset_due: state.due.reset,
    members: state.members.map(({ program, children }) => ({ program: writeProgram(program), children })),
    living: [...state.living],
    front: [...state.front],
    best: state.best ?? null,
    islands: state.islands.map(({ owners, homes }) => ({
      owners: owners.map(({ id, threshold }) => [id, threshold]),
      homes: [...homes],
    })),
    lineage: state.lineage.map((entry) => ({ ...entry, score: entry.score ?? null })),
  };
}

/** @throws {EvolveError} `CHECKPOINT_INVALID` where no archive of this configuration wrote it. */
export function readCheckpoint(json: JsonObject, config: ArchiveConfig): ArchiveState {
  if (json['version'] !== VERSION) throw checkpointError('version', json['version']);
  if (json['config'] !== JSON.stringify(config)) {
    throw new EvolveError(
      'CHECKPOINT_INVALID',
      'the checkpoint was written under another configuration of the archive; expected the same: cells of two do not match',
    );
  }
  const { evaluations, members, living, front, best, islands, lineage } = json;
  if (!isCount(evaluations)) throw checkpointError('evaluations', evaluations);
  if (best !== null && !isText(best)) throw checkpointError('best', best);
  return {
    evaluations,
    due: { migration: json['migration_due'] === true, reset: json['reset_due'] === true },
    members: listOf('members', members).map((item) => readMember(item)),
    living: textsOf('living', living),
    front: textsOf('front', front),
    best: best ?? undefined,
    islands: readIslands(islands, config.islands),
    lineage: listOf('lineage', lineage).map((item) => readEntry(item)),
  };
}

function readMember(value: JsonValue): { readonly program: Program; readonly children: number } {
  if (!isJsonObject(value) || !isCount(value['children'])) throw checkpointError('a member', value);
  return { program: readProgram(value['program']), children: value['children'] };
}

function readIslands(value: JsonValue | undefined, count: number): readonly IslandState[] {
  const islands = listOf('islands', value);
  if (islands.length !== count) throw checkpointError('the number of islands', islands.length);
  return islands.map((island) => {
    if (!isJsonObject(island)) throw checkpointError('an island', island);
    return {
      owners: listOf('owners', island['owners']).map((item) => readOwner(item)),
      homes: textsOf('homes', island['homes']),
    };
  });
}

function readOwner(value: JsonValue): { readonly id: string; readonly threshold: number } {
  const [id, threshold] = listOf('an owner', value);
  if (isText(id) && typeof threshold === 'number') return { id, threshold };
  throw checkpointError('an owner', value);
}

function readEntry(value: JsonValue): LineageEntry {
  if (isJsonObject(value)) {
    const { id, parents, island, generation, evalIndex, score } = value;
    const status = STATUSES.find((each) => each === value['status']);
    if (isText(id) && isListOf(parents, isText) && isCount(island) && isCount(generation) && isCount(evalIndex))
      if (status !== undefined && (score === null || typeof score === 'number'))
        return { id, parents, island, generation, evalIndex, status, score: score ?? undefined };
  }
  throw checkpointError('lineage', value);
}

function listOf(what: string, value: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw checkpointError(what, value);
}

function textsOf(what: string, value: JsonValue | undefined): readonly string[] {
  if (isListOf(value, isText)) return value;
  throw checkpointError(what, value);
}
