/**
 * `bulkhead token`: the tokens of a tenant. The text of a new one is printed once, by `create`, and is nowhere else.
 */
import type { TokenRow } from '@bulkhead/host';
import { Option } from 'commander';
import { askAdmin } from '../remote/ask.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import {
  asksForTenant,
  asksServer,
  examples,
  print,
  type ServerOptions,
  type VerbContext,
} from '../remote/server-verb.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

type Listed = Omit<TokenRow, 'hash'>;
type Issued = Listed & { readonly token: string };
type NewToken = ServerOptions & {
  readonly role: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly quiet?: boolean;
};

/** Adds `token create|list|revoke`. */
export function addTokenVerbs({ program, terminal }: VerbContext): void {
  const token = program.command('token').description('Make, list and revoke the tokens of a tenant (its admin)');
  asksForTenant(token.command('create').description('Make a token; its text is shown this once'))
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'operator', 'admin', 'worker'])
        .default('operator'),
    )
    .option('--scope <word,...>', 'scopes that it has, instead of all of its role; repeatable', collectWords)
    .option('--expires <when>', 'ISO 8601, or from now on: 90d, 12h, 30m (default: never)')
    .option('--quiet', 'print the token’s text and nothing else')
    .addHelpText(
      'after',
      examples([
        'bulkhead token create --tenant acme --role admin',
        'export BULKHEAD_TOKEN=$(bulkhead token create --tenant acme --role operator --expires 90d --quiet)',
      ]),
    )
    .action(async (options: NewToken) => {
      const remote = await openRemote(options, process.env);
      const request = { method: 'POST', path: await tokensPath(remote), body: bodyOf(options) } as const;
      const { value } = await askAdmin<Issued>(remote, request);
      if (options.quiet === true) return terminal.result(value.token);
      print({ terminal, options }, value, showIssued);
    });
  asksForTenant(token.command('list').description('List the tokens of a tenant, without their texts'))
    .addHelpText('after', examples(['bulkhead token list --tenant acme']))
    .action(async (options: ServerOptions) => {
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<readonly Listed[]>(remote, { path: await tokensPath(remote) });
      print({ terminal, options }, value, showAll);
    });
  asksServer(token.command('revoke').description('Revoke a token: it is refused from now on'))
    .argument('<id>', 'id of the token, as `token list` shows it')
    .addHelpText('after', examples(['bulkhead token revoke 5f0c6f6a1c2b4d8e9a7b3c1d']))
    .action(async (id: string, options: ServerOptions) => {
      const path = `/api/v1/tokens/${encodeURIComponent(id)}`;
      await askAdmin(await openRemote(options, process.env), { method: 'DELETE', path });
      print({ terminal, options }, { id }, () => terminal.say(`revoked ${id}`));
    });
}

/** A token says itself whose it is; the platform's acts for the tenant that was named. */
async function tokensPath(remote: Remote): Promise<string> {
  const { value } = await askAdmin<{ readonly tenant_id: string }>(remote, { path: '/api/v1/whoami' });
  return `/api/v1/tenants/${encodeURIComponent(value.tenant_id)}/tokens`;
}

function bodyOf({ role, scope, expires }: NewToken): object {
  return {
    role,
    ...(scope !== undefined && { scopes: scope }),
    ...(expires !== undefined && { expires_at: timeOf(expires, Date.now()) }),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

function timeOf(expires: string, now: number): string {
  const [, amount = '', unit = ''] = /^(\d{1,6})([dhm])$/.exec(expires) ?? [];
  const time = amount === '' ? Date.parse(expires) : now + Number(amount) * (UNIT_MS[unit] ?? 0);
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new UsageError(`--expires is ${JSON.stringify(expires)}; expected a time such as 2030-01-31T12:00:00Z, or 90d`);
}

function collectWords(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...given.split(',').map((word) => word.trim())];
}

function showIssued(issued: Issued, terminal: Terminal): void {
  terminal.result(issued.token);
  terminal.say('');
  const talk = { ...terminal, result: terminal.say, colors: terminal.talkColors };
  showAll([issued], talk);
  terminal.say(terminal.talkColors.yellow('The text above is shown this once; keep it where secrets are kept.'));
}

function showAll(rows: readonly Listed[], { result, say, colors }: Terminal): void {
  const cells = rows.map(({ id, role, scopes, created_at, expires_at }) => [
    id,
    role,
    scopes === null ? 'all' : scopes.join(','),
    created_at,
    expires_at ?? 'never',
  ]);
  for (const line of tableLines(['id', 'role', 'scopes', 'made', 'expires'], cells, colors)) result(line);
  if (rows.length === 0) say('the tenant has no tokens');
}
