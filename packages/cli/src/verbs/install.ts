/**
 * `bulkhead install`: a plugin becomes a release of a server, from an archive, a folder or a package of npm. A folder on the
 * server's own machine is read where it lies, so that a reload reads it again; for a server elsewhere it is packed and sent.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fetchNpmPackage, packPlugin, readArchiveFile } from '@bulkhead/host';
import type { Finding } from '@bulkhead/protocol';
import { askAdmin, tokenHeaders, type AdminRequest } from '../remote/ask.ts';
import { isOfThisMachine, openRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type InstallOptions = ServerOptions & { readonly upload?: boolean };

type Installed = {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason?: string;
  readonly findings: readonly Finding[];
};

/** What a package of npm is named by, in place of a path. */
const NPM = 'npm:';

/** Adds `install`. */
export function addInstall({ program, terminal }: VerbContext): void {
  asksServer(program.command('install').description('Install an archive, a folder or an npm package (platform token)'))
    .argument('<what>', 'a .tgz or .zip file, a plugin folder, or npm:NAME@VERSION')
    .option('--upload', 'pack a folder and send it, also to a server of this machine')
    .addHelpText(
      'after',
      examples([
        'bulkhead install weather-1.0.0.tgz',
        'bulkhead install ./my-plugin',
        'bulkhead install npm:bulkhead-plugin-weather@1.0.0 --server https://plugins.example.com',
      ]),
    )
    .action(async (what: string, options: InstallOptions) => {
      const remote = await openRemote(options, process.env);
      tokenHeaders(remote); // Before anything is packed or fetched for a server that will not take it.
      const isPacked = options.upload === true || !isOfThisMachine(remote.server);
      const request = await requestFor(what, isPacked, terminal);
      const { value } = await askAdmin<Installed>(remote, { method: 'POST', path: '/api/v1/plugins', ...request });
      print({ terminal, options }, value, showInstalled);
      const next = `bulkhead offer ${value.name} ${value.version} --to TENANT`;
      terminal.say(terminal.talkColors.dim(plain(`No tenant sees it yet. Next: ${next}`)));
    });
}

type Request = Pick<AdminRequest, 'body' | 'archive'>;

async function requestFor(what: string, isPacked: boolean, terminal: Terminal): Promise<Request> {
  if (what.startsWith(NPM)) return fetchPackage(what.slice(NPM.length), terminal);
  const path = resolve(what);
  const found = await stat(path).catch(() => undefined); // Whoever reads it says that it is not there.
  if (found?.isFile() === true) return { archive: await readArchiveFile(path) };
  if (!isPacked || found === undefined) return { body: { path } };
  const done = terminal.progress(`packing ${what}`);
  const { bytes } = await packPlugin(path, { isPublished: false }).finally(done);
  return { archive: { bytes, signature: undefined } };
}

async function fetchPackage(spec: string, terminal: Terminal): Promise<Request> {
  const done = terminal.progress(`fetching ${spec} by the npm client, without scripts`);
  const { bytes } = await fetchNpmPackage(spec, process.env).finally(done);
  return { archive: { bytes, signature: undefined } };
}

function showInstalled(installed: Installed, { result, say, colors }: Terminal): void {
  const { name, version, state, reason = '', findings } = installed;
  for (const line of tableLines(['plugin', 'version', 'state', 'reason'], [[name, version, state, reason]], colors)) {
    result(line);
  }
  for (const { severity, id, path, message } of findings) say(plain(`${severity}  ${path}  ${id}  ${message}`));
}
