/**
 * `bulkhead evaluations list|show|cancel`: whether a release was let in, and why. The server carries them on; `--follow` only looks.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Evaluation, EvaluationState, EvaluationWithReport } from '@bulkhead/host';
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type ListOptions = ServerOptions & { readonly plugin?: string };
type ShowOptions = ServerOptions & { readonly follow?: boolean };

/** Adds `evaluations`. */
export function addEvaluationVerbs({ program, terminal, exit }: VerbContext): void {
  const evaluations = program
    .command('evaluations')
    .description('Read how releases were judged that are let in on evidence, or end one');
  asksForTenant(evaluations.command('list').description('List them, newest first'))
    .option('--plugin <name>', 'those of this plugin alone')
    .addHelpText('after', examples(['bulkhead evaluations list --plugin weather']))
    .action(async ({ plugin, ...options }: ListOptions) => {
      const query = plugin === undefined ? '' : `?plugin=${encodeURIComponent(plugin)}`;
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<{ evaluations: readonly Evaluation[] }>(remote, { path: `${PATH}${query}` });
      print({ terminal, options }, value, showList);
    });
  asksForTenant(evaluations.command('show').description('Say how one stands, and why'))
    .argument('<id>', 'id of the evaluation')
    .option('--follow', 'wait for its end, and exit by it')
    .addHelpText(
      'after',
      `${examples(['bulkhead evaluations show ID', 'bulkhead evaluations show ID --follow --json'])}\n\n${EXITS}`,
    )
    .action(async (id: string, options: ShowOptions) => {
      const remote = await openRemote(options, process.env);
      if (options.follow === true) return exit(await followEvaluation(id, { remote, options, terminal }));
      print({ terminal, options }, await read(remote, id), showOne);
    });
  asksForTenant(evaluations.command('cancel').description('End one; whoever was moved for it is moved back first'))
    .argument('<id>', 'id of the evaluation')
    .addHelpText('after', examples(['bulkhead evaluations cancel ID']))
    .action(async (id: string, options: ServerOptions) => {
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<Evaluation>(remote, { method: 'DELETE', path: pathOf(id) });
      print({ terminal, options }, { ...value, report: null }, showOne);
    });
}

/** How the exit code tells of the end, for help texts. */
export const EXITS =
  'With --follow it exits 0 where the release was adopted, 1 where it was rejected or rolled back, 2 where it could not be judged, 3 where the evidence was not enough or somebody ended it.';

/** Answer of a move that evidence decides about. */
export type Begun = { readonly evaluation_id: string };

/** Says that it has begun, and how to read it. */
export function showBegun({ evaluation_id }: Begun, { result, say, talkColors }: Terminal): void {
  const id = plain(evaluation_id);
  result(`evaluation ${id} has begun`);
  say(talkColors.dim(`Next: bulkhead evaluations show ${id} --follow`));
}

type Following = { readonly remote: Remote; readonly options: ServerOptions; readonly terminal: Terminal };

/** Waits for the end of an evaluation, shows it, and returns the exit code. */
export async function followEvaluation(id: string, { remote, options, terminal }: Following): Promise<number> {
  const live = terminal.live();
  let state: EvaluationState | undefined;
  try {
    for (;;) {
      const evaluation = await read(remote, id);
      if (evaluation.state !== state) tellState(evaluation, { terminal, live });
      state = evaluation.state;
      const code = EXIT_CODES[state];
      if (code !== undefined) {
        live.end();
        print({ terminal, options }, evaluation, showOne);
        return code;
      }
      live.show(plain(howFar(evaluation)));
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    live.end();
  }
}

const PATH = '/api/v1/evaluations';
const LOOK_EVERY_MS = 500;
const EXIT_INCONCLUSIVE = 3;

const EXIT_CODES: Readonly<Partial<Record<EvaluationState, number>>> = {
  adopted: EXIT_OK,
  rejected: EXIT_FAILED,
  rolled_back: EXIT_FAILED,
  failed: EXIT_USAGE,
  inconclusive: EXIT_INCONCLUSIVE,
  cancelled: EXIT_INCONCLUSIVE,
};

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}

async function read(remote: Remote, id: string): Promise<EvaluationWithReport> {
  return (await askAdmin<EvaluationWithReport>(remote, { path: pathOf(id) })).value;
}

function tellState(
  { state, changes }: Evaluation,
  { terminal: { say, talkColors }, live }: { readonly terminal: Terminal; readonly live: { readonly end: () => void } },
): void {
  live.end();
  const reason = changes.at(-1)?.reason ?? undefined;
  say(talkColors.dim(plain(reason === undefined ? `${state} ...` : `${state}: ${reason}`)));
}

/** The numbers of the state that it is in. */
function howFar({ state, summary, plugin_name: plugin, to_version: version }: Evaluation): string {
  const head = `${plugin} ${version} ${state}`;
  if (state === 'evaluating') return `${head}, ${ratio(summary['progress'], 'cases')}`;
  if (state === 'shadow') return `${head}, ${numberOf(summary['shadow'], 'calls')} calls mirrored`;
  if (state !== 'canary') return head;
  const canary = isJsonObject(summary['canary']) ? summary['canary'] : {};
  const rescued = numberOf(canary['pairs'], 'only_baseline');
  return `${head}, ${numberOf(canary['unpaired'], 'calls')} calls, ${rescued} more were served by the release before`;
}

function ratio(value: JsonValue | undefined, unit: string): string {
  return `${numberOf(value, 'done')} of ${numberOf(value, 'total')} ${unit}`;
}

function numberOf(value: JsonValue | undefined, name: string): number {
  const found = isJsonObject(value) ? value[name] : undefined;
  return typeof found === 'number' ? found : 0;
}

function showList({ evaluations }: { readonly evaluations: readonly Evaluation[] }, terminal: Terminal): void {
  const { result, say, colors } = terminal;
  if (evaluations.length === 0)
    return say('no release was judged; `bulkhead upgrade NAME VERSION --gate guard` asks for it');
  const rows = evaluations.map((each) => [
    each.id,
    each.plugin_name,
    `${each.from_version ?? 'none'} to ${each.to_version}`,
    each.tenant_id ?? 'all tenants',
    stateCell(each.state, terminal),
    each.created_at,
    clipped(each.reasons[0] ?? each.changes.at(-1)?.reason ?? ''),
  ]);
  for (const line of tableLines(['id', 'plugin', 'release', 'tenant', 'state', 'began', 'why'], rows, colors))
    result(line);
}

const WHY_CHARACTERS_MAX = 80;

function clipped(text: string): string {
  return text.length > WHY_CHARACTERS_MAX ? `${text.slice(0, WHY_CHARACTERS_MAX - 1)}…` : text;
}

const GOOD: readonly EvaluationState[] = ['adopted'];
const BAD: readonly EvaluationState[] = ['rejected', 'rolled_back', 'failed'];

function stateCell(state: EvaluationState, { colors }: Terminal): Cell {
  if (GOOD.includes(state)) return { text: state, paint: colors.green };
  return BAD.includes(state) ? { text: state, paint: colors.red } : state;
}

function showOne(evaluation: EvaluationWithReport, terminal: Terminal): void {
  const { result, colors } = terminal;
  const { plugin_name: plugin, from_version: from, to_version: to, state, changes, reasons, tenant_id } = evaluation;
  const paint = GOOD.includes(state) ? colors.green : BAD.includes(state) ? colors.red : colors.bold;
  result(`${plain(`${plugin} ${from ?? 'none'} to ${to}, ${tenant_id ?? 'all tenants'}:`)} ${paint(state)}`);
  const rows = changes.map(({ at, state: word, reason }) => [at, word, reason ?? '']);
  for (const line of tableLines(['at', 'state', 'why'], rows, colors)) result(line);
  const told = new Set(changes.map(({ reason }) => reason));
  for (const reason of reasons) if (!told.has(reason)) result(`- ${plain(reason)}`);
}
