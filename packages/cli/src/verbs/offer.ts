/**
 * `bulkhead offer`: which tenants may see a release that came over the admin plane. The platform token's alone.
 */
import type { TenantRow } from '@bulkhead/host';
import { askAdmin } from '../remote/ask.ts';
import { refusal } from '../remote/remote-error.ts';
import { openRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import { pluginPath } from './plugins.ts';

/** What stands for every tenant, those to come included; as it is typed, and as the server reads it. */
const EVERYBODY = 'everybody';
const EVERY_TENANT = '*';

type OfferOptions = ServerOptions & { readonly to: readonly string[] };
type Offered = { readonly version: string; readonly is_public: boolean; readonly offered_to?: readonly string[] };

/** Adds `offer`. */
export function addOffer({ program, terminal }: VerbContext): void {
  asksServer(program.command('offer').description('Say which tenants may see a release (platform token)'))
    .argument('<name>', 'name of the plugin')
    .argument('<version>', 'release to offer')
    .requiredOption('--to <tenant>', `id or name, or \`${EVERYBODY}\`; repeatable, in place of those before`, collect)
    .addHelpText(
      'after',
      examples(['bulkhead offer weather 2.0.0 --to acme --to paper', `bulkhead offer weather 2.0.0 --to ${EVERYBODY}`]),
    )
    .action(async (name: string, version: string, options: OfferOptions) => {
      const remote = await openRemote(options, process.env);
      const { value: rows } = await askAdmin<readonly TenantRow[]>(remote, { path: '/api/v1/tenants' });
      const tenants = options.to.map((word) => idOf(word, rows));
      const path = pluginPath(name, `/releases/${encodeURIComponent(version)}/offer`);
      const { value } = await askAdmin<Offered>(remote, { method: 'POST', path, body: { tenants } });
      const seenBy = value.is_public ? EVERYBODY : (value.offered_to ?? []).join(', ');
      print({ terminal, options }, value, () =>
        terminal.result(plain(`${name} ${value.version} is seen by ${seenBy}`)),
      );
    });
}

function collect(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

function idOf(word: string, rows: readonly TenantRow[]): string {
  if (word === EVERYBODY) return EVERY_TENANT;
  const row = rows.find(({ id }) => id === word) ?? rows.find(({ name }) => name === word);
  if (row !== undefined) return row.id;
  throw refusal('TENANT_NOT_FOUND', `there is no tenant ${JSON.stringify(word)}`);
}
