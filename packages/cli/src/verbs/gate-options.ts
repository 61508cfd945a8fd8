/**
 * The options of verbs that move tenants by a gate: which one, and how the gate `guard` judges.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';

/** What they give. */
export type GateFlags = {
  readonly gate?: string;
  readonly policy?: string;
  readonly answers?: string;
  readonly cases?: number;
  readonly seed?: number;
  readonly shadowShare?: number;
  readonly shadowCalls?: number;
  readonly shadowMs?: number;
};

/** Adds them. */
export function asksForGate(command: Command): Command {
  const guardOption = (flags: string, about: string): Option => new Option(flags, about).helpGroup('Gate guard:');
  return command
    .addOption(
      new Option('--gate <gate>', 'what lets it in (default: trial, or guard where the server asks for it)').choices([
        'none',
        'trial',
        'guard',
      ]),
    )
    .addOption(guardOption('--policy <policy>', 'preset or TOML (default: noninferiority:margin=0.02)'))
    .addOption(
      guardOption('--answers <rule>', 'same as the live release’s (default), or any that are valid').choices([
        'same',
        'valid',
      ]),
    )
    .addOption(guardOption('--cases <n>', 'at most, recorded calls first (default: 400)').argParser(parseCount))
    .addOption(guardOption('--seed <n>', 'of the cases (default: drawn, and kept)').argParser(parseCount))
    .addOption(guardOption('--shadow-share <share>', 'of live calls, 0 for none (default: 0.1)').argParser(parseShare))
    .addOption(guardOption('--shadow-calls <n>', 'mirrored before tenants move (default: 100)').argParser(parseCount))
    .addOption(guardOption('--shadow-ms <n>', 'and no longer than this (default: ten minutes)').argParser(parseCount));
}

/** What they say, as members of a request; `waitMs` is how long moved tenants are watched. */
export function gateBody(flags: GateFlags, waitMs?: number): object {
  const { gate, policy, answers, cases, seed, shadowShare: share, shadowCalls: calls, shadowMs: for_ms } = flags;
  const shadow = given({ share, calls, for_ms });
  const guard = given({ policy, answers, cases, seed, wait_ms: waitMs, shadow: isEmpty(shadow) ? undefined : shadow });
  return given({ gate, guard: isEmpty(guard) ? undefined : guard });
}

function given(members: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function isEmpty(members: object): boolean {
  return Object.keys(members).length === 0;
}

/** Reads how long moved tenants are watched. */
export function parseWait(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of milliseconds');
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number');
}

function parseShare(text: string): number {
  const share = text.trim() === '' ? Number.NaN : Number(text);
  if (share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError('expected a number from 0 to 1');
}
