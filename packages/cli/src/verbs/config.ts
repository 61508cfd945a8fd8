/**
 * `bulkhead config`: a tenant's configuration of a plugin. What somebody else changed meanwhile is told and never written
 * over, unless that is what was asked for.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { parseKeyChange, readJsonObject, withKey, type KeyChange } from '../json-argument.ts';
import { askAdmin, type AdminAnswer } from '../remote/ask.ts';
import { RemoteError, refusal } from '../remote/remote-error.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { pluginPath } from './plugins.ts';

type SetOptions = ServerOptions & { readonly force?: boolean; readonly etag?: string };

/** Adds `config get` and `config set`. */
export function addConfigVerbs({ program, terminal }: VerbContext): void {
  const config = program.command('config').description('Read or write a tenant’s configuration of a plugin');
  asksForTenant(config.command('get').description('Print the configuration; its ETag goes to standard error'))
    .argument('<name>', 'name of the plugin')
    .addHelpText(
      'after',
      examples(['bulkhead config get calculator', 'bulkhead config get weather --tenant acme --json']),
    )
    .action(async (name: string, options: ServerOptions) => {
      const { value, etag } = await readConfig(await openRemote(options, process.env), name);
      print({ terminal, options }, value, show);
      if (etag !== undefined) terminal.say(terminal.talkColors.dim(`ETag ${etag}`));
    });
  asksForTenant(config.command('set').description('Replace the configuration, or some of its keys; it holds at once'))
    .argument('<name>', 'name of the plugin')
    .argument('<json...>', 'the whole configuration as JSON, @FILE or - for standard input; or KEY=VALUE, with dots')
    .option('--etag <etag>', 'what `config get` printed: written only where nothing changed since then')
    .option('--force', 'write whatever somebody else has changed meanwhile')
    .addHelpText(
      'after',
      examples([
        'bulkhead config set calculator precision=4',
        `bulkhead config set calculator '{"precision":4}'`,
        'bulkhead config get weather --json | jq .units=\\"si\\" | bulkhead config set weather -',
      ]),
    )
    .action(async (name: string, given: readonly string[], options: SetOptions) => {
      const remote = await openRemote(options, process.env);
      const { value } = await writeConfig(remote, { name, edit: editOf(given), options, terminal });
      print({ terminal, options }, value, show);
    });
}

function show(config: JsonObject, { result }: Terminal): void {
  result(JSON.stringify(config, null, 2));
}

function readConfig(remote: Remote, name: string): Promise<AdminAnswer<JsonObject>> {
  return askAdmin<JsonObject>(remote, { path: pluginPath(name, '/config') });
}

/** What is to be done to a configuration. */
type Edit =
  | { readonly kind: 'whole'; readonly source: string }
  | { readonly kind: 'keys'; readonly changes: readonly KeyChange[] };

function editOf(given: readonly string[]): Edit {
  const [first = '', ...others] = given;
  if (others.length === 0 && /^\s*[{@]|^-$/.test(first)) return { kind: 'whole', source: first };
  const changes = given.map((text) => {
    const change = parseKeyChange(text);
    if (change !== undefined) return change;
    throw new UsageError(
      `${JSON.stringify(text.slice(0, 80))} is no configuration`,
      `Give '{"key":1}', @FILE, - or KEY=VALUE, such as precision=4.`,
    );
  });
  return { kind: 'keys', changes };
}

type Writing = {
  readonly name: string;
  readonly edit: Edit;
  readonly options: SetOptions;
  readonly terminal: Terminal;
};

/** The ETag is read before standard input is: whoever edits in between works on what it names. */
async function writeConfig(
  remote: Remote,
  { name, edit, options, terminal }: Writing,
): Promise<AdminAnswer<JsonObject>> {
  const before = await readConfig(remote, name);
  if (edit.kind === 'whole' && edit.source === '-') terminal.say(`reading the configuration of ${name} ...`);
  const config = await edited(before.value, edit);
  const ifMatch = options.force === true ? '*' : (options.etag ?? before.etag ?? '*');
  const request = { method: 'PUT', path: pluginPath(name, '/config'), body: { config }, ifMatch } as const;
  try {
    return await askAdmin<JsonObject>(remote, request);
  } catch (error) {
    throw error instanceof RemoteError && error.code === 'REVISION_CONFLICT' ? conflict(name) : error;
  }
}

async function edited(before: JsonObject, edit: Edit): Promise<JsonObject> {
  if (edit.kind === 'whole') return readJsonObject(edit.source, 'the configuration');
  return edit.changes.reduce(withKey, isJsonObject(before) ? before : {});
}

function conflict(name: string): RemoteError {
  return refusal(
    'REVISION_CONFLICT',
    `somebody else has changed the configuration of ${name} meanwhile, and nothing was written`,
    `Look at it with \`bulkhead config get ${name}\` and set it again; --force writes over it.`,
  );
}
