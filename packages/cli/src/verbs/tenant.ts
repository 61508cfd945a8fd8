/**
 * `bulkhead tenant`: the tenants of a server, their least tier and their quotas. The platform token's alone.
 */
import type { Quota, TenantRow } from '@bulkhead/host';
import { TIERS } from '@bulkhead/protocol';
import { InvalidArgumentError, Option } from 'commander';
import { askAdmin } from '../remote/ask.ts';
import { refusal } from '../remote/remote-error.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type Settings = ServerOptions & {
  readonly minTier?: string;
  readonly quota?: Readonly<Record<string, number | null>>;
};

/** Adds `tenant create|list|show|update|delete`. */
export function addTenantVerbs({ program, terminal }: VerbContext): void {
  const tenant = program.command('tenant').description('Make, list, change and remove tenants (platform token)');
  const settled = (name: string, about: string) =>
    asksServer(tenant.command(name).description(about))
      .addOption(new Option('--min-tier <tier>', 'least sandbox that its plugins need').choices([...TIERS, 'none']))
      .option('--quota <key=n>', 'bound what it uses, such as calls_per_second=50; repeatable', collectQuota);
  settled('create', 'Make a tenant')
    .argument('<name>', 'name of the tenant')
    .addHelpText(
      'after',
      examples(['bulkhead tenant create acme', 'bulkhead tenant create acme --quota calls_per_second=50']),
    )
    .action(async (name: string, options: Settings) => {
      const body = { name, ...settingsOf(options, {}) };
      const request = { method: 'POST', path: '/api/v1/tenants', body } as const;
      const { value } = await askAdmin<TenantRow>(await openRemote(options, process.env), request);
      print({ terminal, options }, value, showOne);
      terminal.say(terminal.talkColors.dim(`Next: bulkhead token create --tenant ${value.id} --role admin`));
    });
  asksServer(tenant.command('list').description('List the tenants, in order of their making'))
    .addHelpText('after', examples(['bulkhead tenant list', 'bulkhead tenant list --json']))
    .action(async (options: ServerOptions) => print({ terminal, options }, await listTenants(options), showAll));
  asksServer(tenant.command('show').description('Show one tenant'))
    .argument('<tenant>', 'id or name')
    .addHelpText('after', examples(['bulkhead tenant show acme']))
    .action(async (word: string, options: ServerOptions) =>
      print({ terminal, options }, await findTenant(options, word), showOne),
    );
  settled('update', 'Change least tier or quota; what is not named stays')
    .argument('<tenant>', 'id or name')
    .addHelpText(
      'after',
      examples([
        'bulkhead tenant update acme --quota calls_per_second=50 --quota calls_in_flight=none',
        'bulkhead tenant update acme --min-tier confined',
      ]),
    )
    .action(async (word: string, options: Settings) => {
      const { id, quota } = await findTenant(options, word);
      const request = { method: 'PUT', path: pathOf(id), body: settingsOf(options, quota) } as const;
      const { value } = await askAdmin<TenantRow>(await openRemote(options, process.env), request);
      print({ terminal, options }, value, showOne);
    });
  asksServer(tenant.command('delete').description('Remove a tenant with its tokens, registrations and configurations'))
    .argument('<tenant>', 'id or name')
    .addHelpText('after', examples(['bulkhead tenant delete acme']))
    .action(async (word: string, options: ServerOptions) => {
      const row = await findTenant(options, word);
      await askAdmin(await openRemote(options, process.env), { method: 'DELETE', path: pathOf(row.id) });
      print({ terminal, options }, { id: row.id, name: row.name }, ({ name }) =>
        terminal.say(`removed ${plain(name)}`),
      );
    });
}

function pathOf(id: string): string {
  return `/api/v1/tenants/${encodeURIComponent(id)}`;
}

async function listTenants(options: ServerOptions): Promise<readonly TenantRow[]> {
  const remote: Remote = await openRemote(options, process.env);
  return (await askAdmin<readonly TenantRow[]>(remote, { path: '/api/v1/tenants' })).value;
}

async function findTenant(options: ServerOptions, word: string): Promise<TenantRow> {
  const rows = await listTenants(options);
  const row = rows.find(({ id }) => id === word) ?? rows.find(({ name }) => name === word);
  if (row !== undefined) return row;
  throw refusal('TENANT_NOT_FOUND', `there is no tenant ${JSON.stringify(word)}`);
}

/** The server takes a quota whole; what is not named here stays as it is. */
function settingsOf({ minTier, quota }: Settings, before: Quota): object {
  const kept = Object.entries({ ...before, ...quota }).filter(([, amount]) => amount !== null);
  return {
    ...(minTier !== undefined && { min_tier: minTier === 'none' ? null : minTier }),
    ...(quota !== undefined && { quota: Object.fromEntries(kept) }),
  };
}

type Amounts = Readonly<Record<string, number | null>>;

function collectQuota(given: string, before: Amounts = {}): Amounts {
  const [, key = '', amount = ''] = /^([a-z_]+)=(none|\d+(?:\.\d+)?)$/.exec(given) ?? [];
  if (key === '') throw new InvalidArgumentError('Expected KEY=NUMBER, or KEY=none to take the bound away.');
  return { ...before, [key]: amount === 'none' ? null : Number(amount) };
}

function showAll(rows: readonly TenantRow[], { result, colors }: Terminal): void {
  const cells = rows.map(({ id, name, min_tier, quota, created_at }) => [
    name,
    id,
    min_tier ?? '-',
    quotaText(quota),
    created_at,
  ]);
  for (const line of tableLines(['name', 'id', 'min tier', 'quota', 'made'], cells, colors)) result(line);
}

function showOne(row: TenantRow, terminal: Terminal): void {
  showAll([row], terminal);
}

function quotaText(quota: Quota): string {
  const amounts = Object.entries(quota).map(([key, amount]) => `${key}=${String(amount)}`);
  return amounts.length === 0 ? '-' : amounts.join(' ');
}
