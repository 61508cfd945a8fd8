/**
 * `--backend` (DESIGN 15): who answers in place of the network and of language models. One reading of it for every verb that has it.
 */
import { UsageError } from './usage-error.ts';

/**
 * `scripted`: a language model that answers what the file lists; `cassette`: HTTP that is recorded in the file, or played back from
 * it; `named`: one of the tenant's own backends.
 */
export type BackendChoice =
  { readonly kind: 'scripted' | 'cassette'; readonly file: string } | { readonly kind: 'named'; readonly name: string };

/** Those that stand in for something, which a verb without a server takes. */
export type StandInChoice = Exclude<BackendChoice, { readonly kind: 'named' }>;

const STAND_INS = ['scripted', 'cassette'] as const;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Reads what was typed. @throws {UsageError} for anything else. */
export function parseBackend(typed: string): BackendChoice {
  const at = typed.indexOf(':');
  if (at === -1 && NAME.test(typed)) return { kind: 'named', name: typed };
  const kind = STAND_INS.find((word) => word === typed.slice(0, at));
  const file = typed.slice(at + 1);
  if (kind !== undefined && file !== '') return { kind, file };
  throw new UsageError(
    `--backend is ${JSON.stringify(typed.slice(0, 80))}; expected scripted:FILE, cassette:FILE or the name of a backend`,
    'Such as scripted:answers.json, or cassette:tests/cassettes/weather.json.',
  );
}

/** The same where there is no tenant whose backends have names. @throws {UsageError} */
export function parseStandIn(typed: string): StandInChoice {
  const choice = parseBackend(typed);
  if (choice.kind !== 'named') return choice;
  throw new UsageError(
    `--backend is ${JSON.stringify(choice.name)}; expected scripted:FILE or cassette:FILE`,
    'Backends by name are those of a server’s tenant.',
  );
}
