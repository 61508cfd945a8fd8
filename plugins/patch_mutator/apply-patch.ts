/**
 * Applies a patch that somebody wrote, strictly: what does not fit is an error, and nothing is guessed. It needs no model.
 */
import {
  applyJsonMergePatch,
  applyJsonPatch,
  applyUnifiedDiff,
  applyYamlOverlay,
  EDIT_BYTES_MAX,
  EvolveError,
  parseJson,
} from '@bulkhead/evolve/edits';
import { Result, TaskHandler, TaskKind, type JsonObject, type JsonValue, type Task } from '@bulkhead/sdk';
import { changedData } from './mutated.ts';
import { nameIn, PayloadError, sourceIn, textIn } from './payload.ts';

/** How a patch is written (X000-26). */
const PATCHES: ReadonlyMap<string, (source: string, patch: string) => string> = new Map([
  ['git', applyUnifiedDiff],
  ['json-patch', (source, patch) => changedJson(source, (document) => applyJsonPatch(document, patch))],
  ['json-merge', (source, patch) => changedJson(source, (document) => applyJsonMergePatch(document, patch))],
  ['yaml-overlay', applyYamlOverlay],
]);

/** Tasks of kind `mutate` whose payload has a `patch_kind`: `source` and `patch` become a new source. */
export class ApplyPatchHandler extends TaskHandler {
  readonly KIND = TaskKind.MUTATE;
  readonly PROVIDES = ['cpu'];

  /** By `patch_kind`, so that those which a model mutates are left to the other handler. */
  override dispatch(task: Task): boolean {
    return this.config['enabled'] !== false && task.kind === this.KIND && task.payload['patch_kind'] !== undefined;
  }

  /** Only computes: the same task twice has the same answer. */
  override handle(task: Task): Result {
    try {
      return Result.ok(task, patched(task));
    } catch (error) {
      if (error instanceof EvolveError) return Result.error(task, `${error.message} (${error.code})`);
      if (error instanceof PayloadError) return Result.error(task, error.message);
      throw error;
    }
  }
}

function patched(task: Task): JsonObject {
  const { payload } = task;
  const apply = PATCHES.get(textIn(payload, 'patch_kind'));
  if (apply === undefined) {
    const kinds = [...PATCHES.keys()].join(', ');
    throw new PayloadError(
      `payload.patch_kind is ${JSON.stringify(payload['patch_kind']).slice(0, 99)}; expected ${kinds}`,
    );
  }
  const [before, patch] = [sourceIn(payload), textIn(payload, 'patch')];
  // A bound of the contract (F000-45), told before anything is read; each form holds itself to it as well.
  const bytes = Buffer.byteLength(patch);
  if (bytes > EDIT_BYTES_MAX)
    throw new PayloadError(`payload.patch has ${bytes} bytes; expected at most ${EDIT_BYTES_MAX}`);
  return changedData(task, {
    ...{ before, after: apply(before, patch), file: nameIn(payload, 'file') ?? 'source' },
    lang: nameIn(payload, 'lang'),
    entryFunction: nameIn(payload, 'entry_fn'),
  });
}

/** Written with two blanks a level, as most is; the last line ends as it did. */
function changedJson(source: string, change: (document: JsonValue) => JsonValue): string {
  const text = JSON.stringify(change(parseJson(source, 'the source')), null, 2);
  return source.endsWith('\n') ? `${text}\n` : text;
}
