/**
 * `bulkhead plugins`, `enable`, `disable`: which plugins a tenant may have, and which it has.
 */
import type { Refusal, RegistrationRow } from '@bulkhead/host';
import { capabilitiesOf, scopesOf } from '@bulkhead/protocol';
import { parsePermissions } from '../config/grants.ts';
import { readJsonObject } from '../json-argument.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type Asking = { readonly required_permissions: readonly string[]; readonly optional_permissions: readonly string[] };
type Available = Asking & {
  readonly name: string;
  readonly version: string;
  readonly description: string;
};
type Listed = {
  readonly available: readonly Available[];
  readonly registered: readonly RegistrationRow[];
  readonly refused: readonly Refusal[];
};
type Enabled = RegistrationRow & Asking;
type EnableOptions = ServerOptions & { readonly grant?: readonly string[]; readonly config?: string };

/** Path of a plugin on the admin plane, and of what lies below it. */
export function pluginPath(name: string, below: string = ''): string {
  return `/api/v1/plugins/${encodeURIComponent(name)}${below}`;
}

/** Adds `plugins`, `enable` and `disable`. */
export function addPluginVerbs(context: VerbContext): void {
  const { program, terminal } = context;
  asksForTenant(program.command('plugins').description('List what a tenant may enable, and what it has'))
    .option('--capability <tag>', 'only those that advertise this tag, of what may be enabled')
    .addHelpText('after', examples(['bulkhead plugins', 'bulkhead plugins --capability math --json']))
    .action(async (options: ServerOptions & { readonly capability?: string }) => {
      const remote = await openRemote(options, process.env);
      const query = options.capability === undefined ? '' : `?capability=${encodeURIComponent(options.capability)}`;
      const { value } = await askAdmin<Listed>(remote, { path: `/api/v1/plugins${query}` });
      print({ terminal, options }, value, showList);
    });
  addSwitches(context);
}

function addSwitches({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('enable').description('Enable a plugin for a tenant; what is not given stays'))
    .argument('<name>', 'name of the plugin')
    .option(
      '--grant <perm,...>',
      'permissions to grant, or none, instead of those granted before; repeatable',
      collectGrants,
    )
    .option('--config <json>', 'configuration, as JSON, @FILE, or - for standard input')
    .addHelpText(
      'after',
      examples([
        'bulkhead enable calculator',
        'bulkhead enable weather --tenant acme --grant internet --config @weather.json',
      ]),
    )
    .action(async (name: string, options: EnableOptions) => {
      const remote = await openRemote(options, process.env);
      const config = options.config === undefined ? undefined : await readJsonObject(options.config, '--config');
      const body = {
        ...(options.grant !== undefined && { grant: options.grant }),
        ...(config !== undefined && { config }),
      };
      const { value } = await askAdmin<Enabled>(remote, { method: 'POST', path: pluginPath(name, '/enable'), body });
      print({ terminal, options }, value, () => showEnabled(value, options.tenant, terminal));
    });
  asksForTenant(program.command('disable').description('Disable a plugin for a tenant; its configuration stays'))
    .argument('<name>', 'name of the plugin')
    .option('--cascade', 'disable what depends on it, too')
    .addHelpText('after', examples(['bulkhead disable calculator', 'bulkhead disable weather --tenant acme --cascade']))
    .action(async (name: string, options: ServerOptions & { readonly cascade?: boolean }) => {
      const remote = await openRemote(options, process.env);
      const body = { cascade: options.cascade === true };
      const request = { method: 'POST', path: pluginPath(name, '/disable'), body } as const;
      const { value } = await askAdmin<RegistrationRow>(remote, request);
      print({ terminal, options }, value, showRegistration);
    });
}

/** Joins the permissions of repeated options; `none` names none. */
export function collectGrants(given: string, before: readonly string[] = []): readonly string[] {
  return given === 'none' ? before : [...before, ...parsePermissions(given)];
}

function showList({ available, registered, refused }: Listed, terminal: Terminal): void {
  const { result, say, colors } = terminal;
  const names = new Set(
    [...available, ...registered.map((row) => ({ name: row.plugin_name }))].map(({ name }) => name),
  );
  const rows = [...names].toSorted().map((name) =>
    rowOf(
      name,
      {
        offered: available.find((one) => one.name === name),
        row: registered.find(({ plugin_name }) => plugin_name === name),
      },
      terminal,
    ),
  );
  const head = ['plugin', 'newest', 'has', 'state', 'permissions', 'description'];
  for (const line of tableLines(head, rows, colors)) result(line);
  if (rows.length === 0) say('there is nothing to enable');
  for (const { path, code, reason } of refused)
    say(`${colors.red('refused')} ${plain(path)}  ${code}  ${plain(reason)}`);
}

type Standing = { readonly offered: Available | undefined; readonly row: RegistrationRow | undefined };

function rowOf(name: string, { offered, row }: Standing, { colors }: Terminal): readonly Cell[] {
  return [
    name,
    offered?.version ?? '-',
    row?.plugin_version ?? '-',
    stateOf(row, colors),
    permissionsText(offered ?? NOTHING_ASKED, row?.granted_permissions ?? []),
    offered?.description ?? '',
  ];
}

function stateOf(row: RegistrationRow | undefined, colors: Terminal['colors']): Cell {
  if (row === undefined) return { text: '-', paint: colors.dim };
  return row.enabled ? { text: 'enabled', paint: colors.green } : { text: 'disabled', paint: colors.yellow };
}

const NOTHING_ASKED: Asking = { required_permissions: [], optional_permissions: [] };

/** All that a release asks for; what it can do without is in brackets. */
export function permissionWords({ required_permissions, optional_permissions }: Asking): readonly string[] {
  return [...required_permissions, ...optional_permissions.map((word) => `[${word}]`)];
}

/**
 * Granted ones as they are, capabilities that are needed and not granted with a question mark, and what the plugin does without in
 * brackets; scopes are the caller's to have.
 */
function permissionsText({ required_permissions: needed, optional_permissions }: Asking, granted: readonly string[]) {
  const missing = missingOf(needed, granted).map((word) => `${word}?`);
  const without = optional_permissions.filter((word) => !granted.includes(word)).map((word) => `[${word}]`);
  return [...new Set([...granted, ...scopesOf(needed), ...missing, ...without])].join(' ') || '-';
}

function missingOf(asked: readonly string[], granted: readonly string[]): readonly string[] {
  return capabilitiesOf(asked).filter((word) => !granted.includes(word));
}

function showEnabled(row: Enabled, tenant: string | undefined, terminal: Terminal): void {
  showRegistration(row, terminal);
  const missing = missingOf(row.required_permissions, row.granted_permissions);
  const without = missingOf(row.optional_permissions, row.granted_permissions);
  const { say, talkColors } = terminal;
  if (missing.length > 0)
    say(talkColors.yellow(`it asks for ${plain(missing.join(', '))}, which is not granted: its calls are denied`));
  if (without.length > 0) say(`it can do without ${plain(without.join(', '))}, which is not granted`);
  const first = [missing, without].find((words) => words.length > 0);
  if (first === undefined) return;
  const all = [...row.granted_permissions, ...first].join(',');
  const whose = tenant === undefined ? '' : ` --tenant ${plain(tenant)}`;
  say(talkColors.dim(`Grant it with: bulkhead enable ${row.plugin_name}${whose} --grant ${plain(all)}`));
}

/** Prints a registration, as a line below its head. */
export function showRegistration(row: RegistrationRow, { result, colors }: Terminal): void {
  const cells: readonly Cell[] = [
    row.plugin_name,
    row.plugin_version,
    stateOf(row, colors),
    row.granted_permissions.join(' ') || '-',
    row.tenant_id,
  ];
  for (const line of tableLines(['plugin', 'version', 'state', 'granted', 'tenant'], [cells], colors)) result(line);
}
