/**
 * `bulkhead install`: a plugin becomes a release of a server, from an archive, a folder, a package of npm or an index. A folder on the
 * server's own machine is read where it lies, so that a reload reads it again; for a server elsewhere it is packed and sent.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseIndexWanted, type Finding, type IndexWanted } from '@bulkhead/protocol';
import { readPublicKey } from '../keys.ts';
import { askAdmin, tokenHeaders, type AdminRequest } from '../remote/ask.ts';
import { isOfThisMachine, openRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

type InstallOptions = ServerOptions & {
  readonly upload?: boolean;
  readonly index?: string;
  readonly key?: string;
};

type Installed = {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason?: string;
  readonly findings: readonly Finding[];
};

/** What a package of npm is named by, in place of a path, and a plugin of one of the server's indexes. */
const NPM = 'npm:';
const INDEX = 'index:';

/** Adds `install`. */
export function addInstall({ program, terminal }: VerbContext): void {
  asksServer(
    program
      .command('install')
      .description('Install an archive, a folder, an npm package or a plugin of an index (platform token)'),
  )
    .argument(
      '<what>',
      'a .tgz or .zip file, a plugin folder, npm:NAME@VERSION, index:NAME of the server’s own indexes, or NAME@VERSION with --index',
    )
    .option('--upload', 'pack a folder and send it, also to a server of this machine')
    .option('--index <place>', 'folder or address of an index to take NAME or NAME@VERSION from')
    .option('--key <key>', 'public key that must have signed the index: ed25519:BASE64, or a file that holds it')
    .addHelpText(
      'after',
      examples([
        'bulkhead install weather-1.0.0.tgz',
        'bulkhead install ./my-plugin',
        'bulkhead install weather@1.0.0 --index https://plugins.example.com/ --key index.pem.pub',
        'bulkhead install index:weather',
        'bulkhead install npm:bulkhead-plugin-weather@1.0.0 --server https://plugins.example.com',
      ]),
    )
    .action(async (what: string, options: InstallOptions) => {
      const remote = await openRemote(options, process.env);
      tokenHeaders(remote); // Before anything is packed or fetched for a server that will not take it.
      const isPacked = options.upload === true || !isOfThisMachine(remote.server);
      const request = await requestFor(what, { ...options, isPacked }, terminal);
      const { value } = await askAdmin<Installed>(remote, { method: 'POST', path: '/api/v1/plugins', ...request });
      print({ terminal, options }, value, showInstalled);
      const next = `bulkhead offer ${value.name} ${value.version} --to TENANT`;
      terminal.say(terminal.talkColors.dim(plain(`No tenant sees it yet. Next: ${next}`)));
    });
}

type Request = Pick<AdminRequest, 'body' | 'archive' | 'index'>;
type Requested = Pick<InstallOptions, 'index' | 'key'> & { readonly isPacked: boolean };

async function requestFor(what: string, { isPacked, index, key }: Requested, terminal: Terminal): Promise<Request> {
  if (index !== undefined) return fetchListed(what, { place: index, key }, terminal);
  if (key !== undefined) throw new UsageError('--key is the key of an index', 'Name the index with --index PLACE.');
  if (what.startsWith(INDEX)) return { body: wantedOf(what.slice(INDEX.length)) };
  if (what.startsWith(NPM)) return fetchPackage(what.slice(NPM.length), terminal);
  const path = resolve(what);
  const found = await stat(path).catch(() => undefined); // Whoever reads it says that it is not there.
  if (found?.isFile() === true) return { archive: await (await import('@bulkhead/host')).readArchiveFile(path) };
  if (!isPacked || found === undefined) return { body: { path } };
  const { packPlugin } = await import('@bulkhead/host');
  const done = terminal.progress(`packing ${what}`);
  const { bytes, findings } = await packPlugin(path, { isPublished: false }).finally(done);
  sayFindings(findings.filter(isOfPacking), terminal);
  return { archive: { bytes, signature: undefined } };
}

/** The server reviews what it is sent, and says what that found. */
function isOfPacking({ id }: Finding): boolean {
  return id === 'LICENSE_MISSING';
}

function wantedOf(what: string): IndexWanted {
  const wanted = parseIndexWanted(what);
  if (wanted !== undefined) return wanted;
  throw new UsageError(
    `${JSON.stringify(what)} is no plugin of an index`,
    'Give NAME, or NAME@VERSION such as weather@1.0.0.',
  );
}

async function fetchListed(
  what: string,
  { place, key }: { readonly place: string; readonly key: string | undefined },
  terminal: Terminal,
): Promise<Request> {
  const wanted = wantedOf(what);
  if (key === undefined)
    throw new UsageError(
      '--index needs the key that must have signed it',
      'Name it with --key KEY; whoever keeps the index gives it.',
    );
  const publicKey = await readPublicKey(key);
  const { fetchFromIndex } = await import('@bulkhead/host');
  const done = terminal.progress(`fetching ${what} from ${place}`);
  const fetched = await fetchFromIndex({ place, key: publicKey }, wanted, { now: Date.now() }).finally(done);
  const { bytes, signature, index } = fetched;
  return { archive: { bytes, signature }, index };
}

async function fetchPackage(spec: string, terminal: Terminal): Promise<Request> {
  const { fetchNpmPackage } = await import('@bulkhead/host');
  const done = terminal.progress(`fetching ${spec} by the npm client, without scripts`);
  const { bytes } = await fetchNpmPackage(spec, process.env).finally(done);
  return { archive: { bytes, signature: undefined } };
}

function showInstalled(installed: Installed, terminal: Terminal): void {
  const { result, colors } = terminal;
  const { name, version, state, reason = '', findings } = installed;
  for (const line of tableLines(['plugin', 'version', 'state', 'reason'], [[name, version, state, reason]], colors)) {
    result(line);
  }
  sayFindings(findings, terminal);
}

function sayFindings(findings: readonly Finding[], { say }: Terminal): void {
  for (const { severity, id, path, message } of findings) say(plain(`${severity}  ${path}  ${id}  ${message}`));
}
