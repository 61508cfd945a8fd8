/**
 * `bulkhead migrate`: brings the database of a server to the tables of this Bulkhead, and back. `serve` migrates up by
 * itself; these verbs are for whoever wants to do it before, or to go back to an older version.
 */
import { createInterface } from 'node:readline/promises';
import { migrateDown, migrateUp, migrationStatus, type Downwards, type MigrationStatus } from '@bulkhead/store';
import { insistOnStore, withDatabase, type DirectPlace } from '../direct-store.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Options as they were typed. */
export type MigrateOptions = {
  readonly data?: string;
  readonly json?: boolean;
  readonly to?: string;
  readonly yes?: boolean;
};

/** Where `down` goes to take everything back. */
const NOTHING = 'nothing';

/** Applies what is missing; a second run finds nothing to do and says so. */
export async function up(options: MigrateOptions, terminal: Terminal): Promise<number> {
  const applied = await withDatabase(placeOf(options, terminal), (database) => migrateUp(database));
  if (options.json === true) terminal.result(JSON.stringify({ applied }));
  else for (const name of applied) terminal.result(`applied ${name}`);
  if (options.json !== true && applied.length === 0) terminal.say('nothing to do: the database is up to date');
  return EXIT_OK;
}

/** Takes back the last migration, or those after `--to`, once somebody has agreed to lose what is in their tables. */
export async function down(options: MigrateOptions, terminal: Terminal): Promise<number> {
  const place = placeOf(options, terminal);
  insistOnStore(place);
  const steps = stepsOf(options.to);
  const reverted = await withDatabase(place, async (database) => {
    const doomed = doomedOf(await migrationStatus(database), steps);
    if (doomed.length > 0) await insistOnConsent(doomed, options, terminal);
    return migrateDown(database, { steps });
  });
  if (options.json === true) terminal.result(JSON.stringify({ reverted }));
  else for (const name of reverted) terminal.result(`took back ${name}`);
  if (options.json !== true && reverted.length === 0) terminal.say('nothing to do: there is nothing to take back');
  return EXIT_OK;
}

/** Shows what has been applied, and changes nothing; answers 1 where something is missing or not known. */
export async function status(options: MigrateOptions, terminal: Terminal): Promise<number> {
  const place = placeOf(options, terminal);
  insistOnStore(place);
  const found = await withDatabase(place, (database) => migrationStatus(database));
  if (options.json === true) terminal.result(JSON.stringify(wireOf(found)));
  else show(found, terminal);
  return found.unknown.length === 0 && pendingOf(found).length === 0 ? EXIT_OK : EXIT_FAILED;
}

function placeOf({ data }: MigrateOptions, { say }: Terminal): DirectPlace {
  const log = { warn: (_fields: object, message: string) => say(message) };
  return data === undefined ? { log } : { data, log };
}

function stepsOf(to: string | undefined): Downwards {
  if (to === undefined) return 'one';
  return to === NOTHING ? 'all' : { to };
}

/** Applied migrations that a run would take back, last first. */
function doomedOf({ known }: MigrationStatus, steps: Downwards): readonly string[] {
  const applied = known.filter(({ appliedAt }) => appliedAt !== undefined).map(({ name }) => name);
  const last = applied.toReversed();
  if (steps === 'one') return last.slice(0, 1);
  return steps === 'all' ? last : last.filter((name) => name > steps.to);
}

async function insistOnConsent(doomed: readonly string[], { yes }: MigrateOptions, terminal: Terminal): Promise<void> {
  if (yes === true) return;
  const loss = `taking back ${doomed.join(', ')} deletes every row of ${doomed.length === 1 ? 'its' : 'their'} tables`;
  if (!process.stdin.isTTY) throw new UsageError(`${loss}; expected --yes`, 'Make a copy of the data first.');
  terminal.say(terminal.talkColors.yellow(loss));
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question('Type "down" to go on: ');
    if (answer.trim() !== 'down') throw new UsageError('nothing was changed');
  } finally {
    lines.close();
  }
}

function pendingOf({ known }: MigrationStatus): readonly string[] {
  return known.filter(({ appliedAt }) => appliedAt === undefined).map(({ name }) => name);
}

function wireOf({ known, unknown }: MigrationStatus): object {
  return { migrations: known.map(({ name, appliedAt }) => ({ name, applied_at: appliedAt ?? null })), unknown };
}

function show(found: MigrationStatus, { result, say, colors, talkColors }: Terminal): void {
  const rows = found.known.map(({ name, appliedAt }) => [
    name,
    appliedAt === undefined ? { text: 'to come', paint: colors.yellow } : { text: 'applied', paint: colors.green },
    appliedAt ?? '-',
  ]);
  for (const line of tableLines(['migration', 'state', 'since'], rows, colors)) result(line);
  if (pendingOf(found).length > 0) say('`bulkhead migrate up`, or the next `serve`, applies what is to come');
  for (const name of found.unknown) say(talkColors.red(`${name} is of a newer Bulkhead: run that one`));
}
