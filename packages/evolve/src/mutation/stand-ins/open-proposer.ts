/**
 * Opens who answers in place of a model, by how it is written on a command line or in a configuration:
 * `scripted:FILE`, `cassette:FILE`, `grammar`, `grammar:seed=7`, `choices`, `echo`, `faulty:503,truncated,ok`, `faulty:seed=7`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quoted } from '../../edits/edit-bounds.ts';
import { EvolveError } from '../../evolve-error.ts';
import type { Proposer } from '../proposer.ts';
import { readBounded } from '../read-bounded.ts';
import { openCassette, type CassetteMode } from './cassette.ts';
import { createChoices } from './choices.ts';
import { createEcho } from './echo.ts';
import { createFaulty, FAULTS, type FaultyOptions, type Wait } from './faulty.ts';
import { createGrammar } from './grammar.ts';
import { createScripted, parseScript, type ScriptedAnswer } from './scripted.ts';

/**
 * The seed of those that draw, where none is written; how a cassette is used and who is recorded into it; the timer of `faulty`.
 * @public
 */
export type ProposerParts = {
  readonly seed?: number | string;
  readonly cassette?: { readonly mode: CassetteMode; readonly inner: Proposer };
  readonly wait?: Wait;
};

/**
 * How stand-ins are written, for help and errors.
 * @public
 */
export const PROPOSER_FORMS =
  'scripted:FILE, cassette:FILE, grammar[:seed=N], choices, echo, faulty:FAULT,... or faulty:seed=N';

const KINDS = ['scripted', 'cassette', 'grammar', 'choices', 'echo', 'faulty'];

/**
 * Whether what is written is one of these, however the rest of it is.
 *
 * @public
 */
export function isStandIn(spec: string): boolean {
  return KINDS.includes(spec.split(':')[0] ?? '');
}

const SCRIPT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens it.
 *
 * @throws {EvolveError} `BACKEND_INVALID` for what is written otherwise, or a file that cannot be read; `SCRIPT_INVALID`;
 *   `CASSETTE_INVALID`.
 * @public
 */
export async function openProposer(spec: string, parts: ProposerParts = {}): Promise<Proposer> {
  const at = spec.indexOf(':');
  const [kind, rest] = at === -1 ? [spec, undefined] : [spec.slice(0, at), spec.slice(at + 1)];
  switch (kind) {
    case 'scripted': {
      const file = fileOf(spec, rest);
      return createScripted(await readScriptFile(file), file);
    }
    case 'cassette':
      return openCassette({ file: fileOf(spec, rest), ...parts.cassette });
    case 'grammar':
      return createGrammar({ seed: rest === undefined ? (parts.seed ?? 0) : seedOf(spec, rest) });
    case 'choices':
      if (rest === undefined) return createChoices();
      throw invalid(`the backend ${quoted(spec)} has an option; expected choices alone`);
    case 'echo':
      if (rest === undefined) return createEcho();
      throw invalid(`the backend ${quoted(spec)} has an option; expected echo alone`);
    case 'faulty':
      return createFaulty({
        inner: createGrammar({ seed: parts.seed ?? 0 }),
        wait: parts.wait ?? ((delayMs, signal) => sleep(delayMs, undefined, { signal })),
        faults: faultsOf(spec, rest ?? ''),
      });
    default:
      throw invalid(`the backend is ${quoted(spec)}; expected ${PROPOSER_FORMS}`);
  }
}

/** Reads a file of scripted answers. @throws {EvolveError} `BACKEND_INVALID`, `SCRIPT_INVALID`. */
export async function readScriptFile(file: string): Promise<readonly ScriptedAnswer[]> {
  return parseScript(await readScript(file), file);
}

function fileOf(spec: string, file: string | undefined): string {
  if (file !== undefined && file !== '') return file;
  throw invalid(`the backend ${quoted(spec)} names no file; expected ${spec.replace(/:$/, '')}:FILE`);
}

async function readScript(file: string): Promise<string> {
  const read = await readBounded(file, SCRIPT_BYTES_MAX);
  if (read.kind === 'read') return new TextDecoder().decode(read.bytes);
  if (read.kind !== 'too_large') throw invalid(`${file}, which the backend names, cannot be read; expected a file`);
  throw new EvolveError('SCRIPT_INVALID', `${file} is too large; expected at most ${SCRIPT_BYTES_MAX} bytes`);
}

function seedOf(spec: string, rest: string): number {
  const [, digits] = /^seed=(\d{1,15})$/.exec(rest) ?? [];
  if (digits !== undefined) return Number(digits);
  throw invalid(`the backend is ${quoted(spec)}; expected seed=N with a whole number after the colon`);
}

function faultsOf(spec: string, rest: string): FaultyOptions['faults'] {
  if (rest.startsWith('seed=')) return { seed: seedOf(spec, rest) };
  return rest.split(',').map((word) => {
    const fault = FAULTS.find((each) => each === word);
    if (fault !== undefined) return fault;
    throw invalid(
      `the backend ${quoted(spec)} has the fault ${quoted(word)}; expected ${FAULTS.join(', ')}, or seed=N`,
    );
  });
}

function invalid(message: string): EvolveError {
  return new EvolveError('BACKEND_INVALID', message);
}
