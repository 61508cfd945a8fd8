/**
 * `bulkhead install`, `releases`, `upgrade`, `rollback`: which releases of a plugin there are, and which one a tenant runs.
 */
import type { RegistrationRow } from '@bulkhead/host';
import {
  isJsonObject,
  type ConsentAsked,
  type JsonObject,
  type ReleaseDifferences,
  type Signer,
} from '@bulkhead/protocol';
import { differenceLines } from '../differences.ts';
import { askAdmin, type AdminRequest } from '../remote/ask.ts';
import { RemoteError } from '../remote/remote-error.ts';
import { openRemote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { EXITS, followEvaluation, showBegun, type Begun } from './evaluations.ts';
import { asksForGate, gateBody, parseWait, type GateFlags } from './gate-options.ts';
import { addInstall } from './install.ts';
import { collectGrants, permissionWords, pluginPath, showRegistration } from './plugins.ts';

type Listed = {
  readonly version: string;
  readonly digest: string;
  readonly installed_at: string;
  readonly is_current: boolean;
  readonly is_public: boolean;
  readonly required_permissions: readonly string[];
  readonly optional_permissions: readonly string[];
  readonly signed_by: Signer | null;
};
type Move = {
  readonly kind: string;
  readonly from_version: string;
  readonly to_version: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: string;
};
type ReleaseList = { readonly releases: readonly Listed[]; readonly moves: readonly Move[] };
type Compared = Listed & {
  readonly asks_for: ConsentAsked | null;
  readonly differences: ReleaseDifferences | null;
};
type UpgradeOptions = ServerOptions &
  GateFlags & { readonly grant?: readonly string[]; readonly waitMs?: number; readonly follow?: boolean };

/** Adds `install`, `releases`, `upgrade` and `rollback`. */
export function addReleaseVerbs(context: VerbContext): void {
  addInstall(context);
  addReleases(context);
  addMoves(context);
}

function addReleases({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('releases').description('List the releases of a plugin, or compare one with what runs'))
    .argument('<name>', 'name of the plugin')
    .argument('[version]', 'shows what this release has other than the one that the tenant runs')
    .addHelpText('after', examples(['bulkhead releases weather', 'bulkhead releases weather 2.0.0 --tenant acme']))
    .action(async (name: string, version: string | undefined, options: ServerOptions) => {
      const remote = await openRemote(options, process.env);
      const path = pluginPath(name, '/releases');
      if (version === undefined) {
        const { value } = await askAdmin<ReleaseList>(remote, { path });
        return print({ terminal, options }, value, showList);
      }
      const { value } = await askAdmin<Compared>(remote, { path: `${path}/${encodeURIComponent(version)}` });
      print({ terminal, options }, value, showCompared);
    });
}

function addMoves({ program, terminal, exit }: VerbContext): void {
  const moving = program
    .command('upgrade')
    .description('Move a tenant to a release; calls in flight end on the old one');
  asksForGate(asksForTenant(moving))
    .argument('<name>', 'name of the plugin')
    .argument('<version>', 'release to move to')
    .option('--wait-ms <n>', 'how long gate guard watches it before it is adopted (default: ten minutes)', parseWait)
    .option('--follow', 'wait for the end of the evaluation, and exit by it')
    .option(
      '--grant <perm,...>',
      'consent to what it asks for: permissions to grant, or none; repeatable',
      collectGrants,
    )
    .addHelpText(
      'after',
      `${examples([
        'bulkhead upgrade weather 2.0.0',
        'bulkhead upgrade weather 2.0.0 --grant internet',
        'bulkhead upgrade weather 2.0.0 --gate guard --follow',
      ])}\n\n${EXITS}`,
    )
    .action(async (name: string, version: string, options: UpgradeOptions) => {
      const { grant, waitMs, follow } = options;
      const body = { version, ...gateBody(options, waitMs), ...(grant !== undefined && { grant }) };
      const moved = await move({ method: 'POST', path: pluginPath(name, '/upgrade'), body }, { options, terminal });
      if (moved !== undefined && follow === true)
        exit(await followEvaluation(moved, { remote: await openRemote(options, process.env), options, terminal }));
    });
  asksForTenant(program.command('rollback').description('Move a tenant back to an earlier release'))
    .argument('<name>', 'name of the plugin')
    .argument('[version]', 'release to move to (default: the one before the last upgrade)')
    .addHelpText('after', examples(['bulkhead rollback weather', 'bulkhead rollback weather 1.0.0 --tenant acme']))
    .action(async (name: string, version: string | undefined, options: ServerOptions) => {
      const body = version === undefined ? {} : { version };
      await move({ method: 'POST', path: pluginPath(name, '/rollback'), body }, { options, terminal });
    });
}

type Moving = { readonly options: ServerOptions & { readonly follow?: boolean }; readonly terminal: Terminal };

/** A guard takes its time: then the answer names an evaluation instead of a registration, and so does what is returned. */
async function move(request: AdminRequest, { options, terminal }: Moving): Promise<string | undefined> {
  try {
    const { value } = await askAdmin<RegistrationRow | Begun>(await openRemote(options, process.env), request);
    if (!('evaluation_id' in value)) {
      print({ terminal, options }, value, showRegistration);
      return undefined;
    }
    if (options.follow !== true) print({ terminal, options }, value, showBegun);
    return value.evaluation_id;
  } catch (error) {
    if (error instanceof RemoteError && error.code === 'CAPABILITY_CHANGE') showConsent(error, terminal);
    throw error;
  }
}

/** What one consents to, above the refusal itself. */
function showConsent({ body }: RemoteError, { say, talkColors }: Terminal): void {
  const { differences, asks_for: asked } = body;
  if (isJsonObject(differences)) for (const line of differenceLines(asDifferences(differences), talkColors)) say(line);
  const permissions = isJsonObject(asked) && Array.isArray(asked['permissions']) ? asked['permissions'] : [];
  say(talkColors.dim(`Consent with --grant ${plain(permissions.join(',')) || 'none'}, or with less.`));
}

function asDifferences(value: JsonObject): ReleaseDifferences {
  return value as unknown as ReleaseDifferences; // The schema of the route.
}

function showList({ releases, moves }: ReleaseList, { result, say, colors }: Terminal): void {
  const rows = releases.map((one) => [
    one.is_current ? { text: `${one.version} *`, paint: colors.green } : one.version,
    one.is_public ? 'public' : 'offered',
    permissionWords(one).join(' ') || '-',
    one.installed_at,
    one.digest.slice(0, DIGEST_CHARACTERS),
    one.signed_by?.key ?? 'nobody',
  ]);
  for (const line of tableLines(
    ['release', 'seen by', 'permissions', 'installed', 'digest', 'signed by'],
    rows,
    colors,
  ))
    result(line);
  if (releases.length === 0) say('there is no release to see');
  if (moves.length === 0) return;
  result('');
  const moved = moves.map(({ kind, from_version, to_version, actor, reason, at }) => [
    at,
    kind.replaceAll('_', ' '),
    `${from_version} -> ${to_version}`,
    actor,
    reason ?? '',
  ]);
  for (const line of tableLines(['when', 'what', 'from, to', 'by', 'why'], moved, colors)) result(line);
}

const DIGEST_CHARACTERS = 12;

function showCompared(release: Compared, { result, say, colors, talkColors }: Terminal): void {
  const { differences, asks_for: asked, version } = release;
  if (differences === null)
    return say(release.is_current ? 'the tenant runs this release' : 'the tenant runs none to compare with');
  for (const line of differenceLines(differences, colors)) result(line);
  const words = [...(asked?.permissions ?? []), ...(asked?.hosts ?? []), ...(asked?.tools ?? [])];
  if (words.length > 0)
    say(talkColors.yellow(`an upgrade to ${version} waits for consent to ${plain(words.join(', '))}`));
}
