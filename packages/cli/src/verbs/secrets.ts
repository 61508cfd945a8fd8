/**
 * `bulkhead secrets`: secrets of a tenant, by the names that its plugins declare. Values are read from a pipe or a hidden
 * prompt, sent to the server, and never shown.
 */
import type { Rotation, SecretEntry } from '@bulkhead/host';
import type { Command } from 'commander';
import { readSecret } from '../read-secret.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import {
  asksForTenant,
  asksServer,
  examples,
  print,
  type ServerOptions,
  type VerbContext,
} from '../remote/server-verb.ts';
import { secretsKeysOf } from '../secrets-keys.ts';
import { plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { pluginPath } from './plugins.ts';

/** Adds `secrets set|list|remove|rotate`. */
export function addSecretVerbs({ program, terminal }: VerbContext): void {
  const secrets = program.command('secrets').description('Set, list, remove and rotate the secrets of a tenant');
  asksForTenant(secrets.command('set').description('Set a secret; its value is typed unseen, or piped in'))
    .argument('<plugin>', 'name of the plugin')
    .argument('<name>', 'a name that its manifest declares; never the value')
    .allowExcessArguments() // Refused below: what is refused by the parser is repeated by it.
    .addHelpText(
      'after',
      examples([
        'bulkhead secrets set weather API_KEY',
        'bulkhead secrets set weather API_KEY --tenant acme < key.txt',
      ]),
    )
    .action(async (...[plugin, name, options, { args }]: readonly [string, string, ServerOptions, Command]) => {
      if (args.length > 2) throw new UsageError('a value is not taken as an argument, which others can see', PIPE_IT);
      const remote = await openRemote(options, process.env);
      const value = await readSecret(process.stdin, () => terminal.say(`value of ${name} (it is not shown):`));
      const request = { method: 'PUT', path: secretPath(plugin, name), body: { value } } as const;
      const { value: entry } = await askAdmin<SecretEntry>(remote, request);
      print({ terminal, options }, entry, () => terminal.say(`${plain(name)} is set for ${plain(plugin)}`));
    });
  asksForTenant(secrets.command('list').description('List what a plugin declares, and which of it is set'))
    .argument('<plugin>', 'name of the plugin')
    .addHelpText(
      'after',
      examples(['bulkhead secrets list weather', 'bulkhead secrets list weather --tenant acme --json']),
    )
    .action(async (plugin: string, options: ServerOptions) => {
      const request = { path: pluginPath(plugin, '/secrets') };
      const { value } = await askAdmin<readonly SecretEntry[]>(await openRemote(options, process.env), request);
      print({ terminal, options }, value, showList);
    });
  asksForTenant(secrets.command('remove').description('Remove a secret; calls that need it are refused from now on'))
    .argument('<plugin>', 'name of the plugin')
    .argument('<name>', 'name of the secret')
    .addHelpText('after', examples(['bulkhead secrets remove weather API_KEY']))
    .action(async (plugin: string, name: string, options: ServerOptions) => {
      const request = { method: 'DELETE', path: secretPath(plugin, name) } as const;
      await askAdmin(await openRemote(options, process.env), request);
      print({ terminal, options }, { plugin, name }, () => terminal.say(`removed ${plain(name)} of ${plain(plugin)}`));
    });
  addRotate({ program: secrets, terminal });
}

const PIPE_IT = 'Type it when it is asked for, or pipe it in: `bulkhead secrets set PLUGIN NAME < FILE`.';

function addRotate({ program, terminal }: Pick<VerbContext, 'program' | 'terminal'>): void {
  asksServer(
    program.command('rotate').description('Encrypt the secrets of every tenant with a new key (platform token)'),
  )
    .addHelpText(
      'after',
      `${examples(['bulkhead secrets rotate', 'bulkhead secrets rotate --data ./state'])}\n\n${KEY_HELP}`,
    )
    .action(async (options: ServerOptions) => {
      const secretsKeys = secretsKeysOf(process.env);
      const { askOrOpen } = await import('../ask-or-open.ts');
      const rotation = await askOrOpen<Rotation>(
        { options, terminal, needsData: secretsKeys.length === 0 },
        {
          ask: async (remote) =>
            (await askAdmin<Rotation>(remote, { method: 'POST', path: '/api/v1/secrets/rotate' })).value,
          open: async ({ storage, dataDir }) => {
            const { rotateStoredSecrets } = await import('@bulkhead/host');
            return rotateStoredSecrets(storage, { dataDir, secretsKeys }, 'command line');
          },
        },
      );
      print({ terminal, options }, rotation, showRotation);
    });
}

const KEY_HELP = `The server that is named is asked; else the store of a server that does not run is opened. A key that is given as
BULKHEAD_SECRETS_KEY is replaced by giving the new one so, and the old one as BULKHEAD_SECRETS_KEY_OLD, before this.`;

const OLD_KEY_GOES = 'BULKHEAD_SECRETS_KEY_OLD can be taken away, once every server has the new key';
const GIVEN_KEY_STAYS =
  'a key that is given stays: to replace it, give another as BULKHEAD_SECRETS_KEY and this one as BULKHEAD_SECRETS_KEY_OLD';

function secretPath(plugin: string, name: string): string {
  return pluginPath(plugin, `/secrets/${encodeURIComponent(name)}`);
}

function showList(entries: readonly SecretEntry[], { result, say, colors }: Terminal): void {
  const rows = entries.map(({ name, is_declared, is_set, updated_at, hosts, in: places }): readonly Cell[] => [
    name,
    is_set ? { text: updated_at ?? 'set', paint: colors.green } : { text: 'not set', paint: colors.yellow },
    is_declared ? hosts.join(' ') : { text: 'no longer declared', paint: colors.dim },
    places.join(' ') || '-',
  ]);
  for (const line of tableLines(['name', 'set', 'goes to', 'in'], rows, colors)) result(line);
  if (rows.length === 0) say('the plugin declares no secrets');
}

function showRotation({ key_id, secrets, is_given }: Rotation, { result, say, talkColors }: Terminal): void {
  const count = secrets === 1 ? '1 secret is' : `${secrets} secrets are`;
  result(`${count} encrypted anew; all are with the key ${plain(key_id)} now`);
  if (is_given) say(talkColors.dim(secrets === 0 ? GIVEN_KEY_STAYS : OLD_KEY_GOES));
}
