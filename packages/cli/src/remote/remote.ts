/**
 * Which server a verb asks, with whose token and for which tenant: what was typed, else the environment, else what lies in
 * the data directory of a server on this machine.
 */
import { isIP } from 'node:net';
import { findToken, givenToken } from '../token.ts';
import { UsageError } from '../usage-error.ts';

/** A server, and as whom it is asked. `tenant` counts with the platform token alone. */
export type Remote = {
  readonly server: string;
  readonly token: string | undefined;
  readonly tenant: string | undefined;
};

/** What was typed of it; see {@link openRemote}. */
export type RemoteOptions = {
  readonly server?: string;
  readonly token?: string;
  readonly data?: string;
  readonly tenant?: string;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a server listens that was told nothing else. */
const DEFAULT_SERVER = 'http://127.0.0.1:7070';
/** Where a server keeps its data that was told nothing else. */
export const DEFAULT_DATA = '.bulkhead';

/**
 * Finds server and token: the option, else BULKHEAD_SERVER and BULKHEAD_TOKEN, else the default and the token file of the
 * data directory. That file opens a server of this machine, so it is sent to no other unless the directory was named.
 *
 * @throws {UsageError} for a URL that is none, a tenant that no header can name, or a token file that may not be read.
 */
export async function openRemote(options: RemoteOptions, env: Environment): Promise<Remote> {
  const server = serverOf(options, env);
  const { tenant, data } = options;
  if (tenant !== undefined) insistOnHeaderText(tenant);
  const dataDir = data ?? (isOfThisMachine(server) ? DEFAULT_DATA : undefined);
  const token = options.token ?? givenToken(env) ?? (dataDir === undefined ? undefined : await findToken(dataDir, env));
  return { server, token, tenant };
}

/** The same for what everybody may ask; a token only lets it be told more, so no file is read for one. */
export function openPublicRemote(options: RemoteOptions, env: Environment): Remote {
  return { server: serverOf(options, env), token: options.token ?? givenToken(env), tenant: undefined };
}

function serverOf(options: RemoteOptions, env: Environment): string {
  const given = options.server ?? env['BULKHEAD_SERVER'] ?? '';
  const server = given === '' ? DEFAULT_SERVER : given;
  if (URL.canParse(server) && /^https?:/.test(server)) return server;
  throw new UsageError(`the server is ${JSON.stringify(server)}; expected a URL such as ${DEFAULT_SERVER}`);
}

function insistOnHeaderText(tenant: string): void {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(tenant)) return;
  throw new UsageError(
    `--tenant is ${JSON.stringify(tenant)}, which no header can carry`,
    'Name the tenant by its id; `bulkhead tenant list` shows it.',
  );
}

/** Tells whether a server's URL names this machine. */
export function isOfThisMachine(server: string): boolean {
  const name = new URL(server).hostname.replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
