/**
 * Asks a running server. What cannot be reached, or answers in another form, is said with the next step.
 */
import { HostError } from '@bulkhead/host';
import { LIMITS, isJsonObject, type CallReport, type Outcome, type PluginHealth } from '@bulkhead/protocol';
import { UsageError } from './usage-error.ts';

/** A call of a server's tool. */
export type RemoteCall = {
  readonly server: string;
  readonly token: string | undefined;
  readonly plugin: string;
  readonly tool: string;
  readonly body: object;
};

/** Longer than any call may take. */
const ANSWER_MS = LIMITS.timeout_ms.value + LIMITS.drain_ms.value;

/**
 * Calls a tool of a running server.
 *
 * @throws {UsageError} where there is no token, or the URL is none.
 * @throws {HostError} `HOST_CLOSED` where no server answers, or something that is no Bulkhead does.
 */
export async function callRemote({ server, token, plugin, tool, body }: RemoteCall): Promise<Outcome> {
  if (token === undefined) {
    throw new UsageError('there is no token', 'Set BULKHEAD_TOKEN, or name the server’s data folder with --data.');
  }
  const path = `/v1/tools/${encodeURIComponent(plugin)}/${encodeURIComponent(tool)}/call`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const { value } = await ask(server, path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (isOutcome(value)) return value;
  throw new HostError('HOST_CLOSED', {
    message: `${server} answers, but not as Bulkhead does`,
    hint: 'Look at --server.',
  });
}

/** Whose health is asked for; with the server's token reasons name the folders of plugins in full. */
export type HealthQuestion = {
  readonly server: string;
  readonly token: string | undefined;
  readonly name: string | undefined;
};

/**
 * Asks for the health of every plugin, or of one.
 *
 * @returns the health objects; undefined where the one that was asked for is not there.
 * @throws {HostError} `HOST_CLOSED` as {@link callRemote}.
 */
export async function askHealth({ server, token, name }: HealthQuestion): Promise<readonly PluginHealth[] | undefined> {
  const path = name === undefined ? '/v1/plugins' : `/v1/plugins/${encodeURIComponent(name)}/health`;
  const { status, value } = await ask(
    server,
    path,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  if (status === 404) return undefined;
  return (Array.isArray(value) ? value : [value]) as readonly PluginHealth[]; // The server's own schema.
}

async function ask(
  server: string,
  path: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly value: unknown }> {
  const url = urlOf(server, path);
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: response.status, value: await response.json() };
  } catch (cause) {
    throw new HostError('HOST_CLOSED', {
      message: `no Bulkhead answers at ${server}`,
      hint: 'Start one with `bulkhead serve`, or name it with --server URL.',
      cause,
    });
  }
}

function urlOf(server: string, path: string): URL {
  if (URL.canParse(path, server) && /^https?:/.test(server)) return new URL(path, server);
  throw new UsageError(`--server is ${JSON.stringify(server)}; expected a URL such as http://127.0.0.1:7070`);
}

function isOutcome(value: unknown): value is Outcome {
  return isJsonObject(value) && typeof value['ok'] === 'boolean' && isReport(value['call']);
}

function isReport(value: unknown): value is CallReport {
  return isJsonObject(value) && typeof value['call_id'] === 'string';
}
