/**
 * Opens who proposes for a run. What is asked twice is answered alike, so that a run goes on after a crash as it would have: a script is
 * read by the numbers of evaluations, and the grammar remembers nothing.
 */
import { isAbsolute, join } from 'node:path';
import { EvolveError } from '../evolve-error.ts';
import type { Proposer } from '../mutation/proposer.ts';
import { createGrammar } from '../mutation/stand-ins/grammar.ts';
import { createNumbered } from '../mutation/stand-ins/numbered.ts';
import { openCassette, type CassetteMode } from '../mutation/stand-ins/cassette.ts';
import { openProposer, PROPOSER_FORMS, readScriptFile } from '../mutation/stand-ins/open-proposer.ts';

/**
 * How it is written, the folder that its files are named from, the seed of those that draw, and how a cassette is recorded, from whom.
 *
 * @public
 */
export type RunProposerOptions = {
  readonly spec: string;
  readonly folder: string;
  readonly seed: number | string;
  readonly record?: CassetteMode;
  readonly inner?: Proposer;
};

/**
 * Opens it, as `openProposer`.
 *
 * @throws {EvolveError} as `openProposer`.
 * @public
 */
export async function openRunProposer({ spec, folder, seed, record, inner }: RunProposerOptions): Promise<Proposer> {
  const at = spec.indexOf(':');
  const [kind, rest] = at === -1 ? [spec, ''] : [spec.slice(0, at), spec.slice(at + 1)];
  if (kind === 'grammar' && rest === '') return createGrammar({ seed, remembers: false });
  if (!isFileKind(kind) || rest === '') return openOther(spec, seed);
  const file = isAbsolute(rest) ? rest : join(folder, rest);
  if (kind === 'scripted') return createNumbered(await readScriptFile(file), file);
  return openCassette({ file, ...(record !== undefined && { mode: record }), ...(inner !== undefined && { inner }) });
}

function isFileKind(kind: string): kind is 'scripted' | 'cassette' {
  return kind === 'scripted' || kind === 'cassette';
}

function openOther(spec: string, seed: number | string): Promise<Proposer> {
  if (spec !== '') return openProposer(spec, { seed });
  const expected = `expected [llm] backend as ${PROPOSER_FORMS}, or [[llm.backends]]`;
  throw new EvolveError('BACKEND_INVALID', `nobody is named who proposes; ${expected}`);
}
