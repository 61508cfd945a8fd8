/**
 * What the fields of a manifest have to do with its driver: which belong together, and which mean nothing there. Pure.
 */
import type { Finding } from './finding.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { envNameOf, permissionKindOf } from './permissions.ts';

/** Makes a finding about a place of the manifest. */
type Find = (instancePath: string, message: string, hint: string) => Finding;

/** Lists what does not fit the driver; what is of the wrong type the schema has named already. */
export function driverFindings(value: JsonObject, find: Find): readonly Finding[] {
  const { mcp } = value;
  if (value['driver'] !== 'stdio') {
    const ofServer = isJsonObject(mcp) ? [...remoteFindings(value, mcp, find), ...toolFindings(mcp, find)] : [];
    return [...ofServer, ...envFindings(value, find, 'process')];
  }
  if (!isJsonObject(mcp)) return [find('/mcp', 'is missing', 'Say how the MCP server is started, and its tools.')];
  return [
    ...strayFields(mcp, ['url', 'headers'], { place: '/mcp', find }),
    ...startFindings(value, mcp, find),
    ...toolFindings(mcp, find),
    ...permissionFindings(value, find),
    ...envFindings(value, find, 'stdio'),
    ...strayFindings(value, find),
  ];
}

/** A server that is somewhere else: it is reached as the plugin's `network` and `secrets` say, and by nothing else. */
function remoteFindings(value: JsonObject, mcp: JsonObject, find: Find): readonly Finding[] {
  const { url, headers } = mcp;
  if (url === undefined) return [find('/mcp', 'is for plugins of driver "stdio"', STARTED_OR_REMOTE)];
  const at = typeof url === 'string' ? URL.parse(url) : null;
  if (at === null || !/^https?:$/.test(at.protocol)) return [find('/mcp/url', 'is no URL of https', 'Write it whole.')];
  const { network, secrets } = value;
  const hostPort = `${at.hostname}:${at.port === '' ? (at.protocol === 'https:' ? '443' : '80') : at.port}`;
  const allowed = isJsonObject(network) ? listOf(network['allow']) : [];
  const known = isJsonObject(secrets) ? Object.keys(secrets) : [];
  const texts = isJsonObject(headers) ? Object.entries(headers) : [];
  const unknown = texts.flatMap(([name, text]) => secretsIn(text).map((secret) => ({ name, secret })));
  return [
    ...strayFields(mcp, ['command', 'args', 'env'], { place: '/mcp', find }),
    ...(allowed.includes(hostPort)
      ? []
      : [find('/mcp/url', `leads to ${hostPort}, which network.allow does not list`, 'List it there.')]),
    ...unknown
      .filter(({ secret }) => !known.includes(secret))
      .map(({ name, secret }) =>
        find(`/mcp/headers/${name}`, `names the secret ${secret}, which secrets does not list`, 'List it there.'),
      ),
  ];
}

const STARTED_OR_REMOTE = 'Add "driver": "stdio" for a server that is started, or "url" for one that is elsewhere.';

/**
 * Names of the secrets that stand in a header of a remote MCP server.
 *
 * @internal
 */
export function secretsIn(text: unknown): readonly string[] {
  return typeof text === 'string' ? [...text.matchAll(SECRET_IN_TEXT)].map(([, name]) => name ?? '') : [];
}

const SECRET_IN_TEXT = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

type Stray = { readonly place: string; readonly find: Find };

function strayFields(value: JsonObject, fields: readonly string[], { place, find }: Stray): readonly Finding[] {
  const stray = fields.filter((field) => value[field] !== undefined);
  return stray.map((field) => find(`${place}/${field}`, 'means nothing for such an MCP server', 'Remove it.'));
}

function startFindings(value: JsonObject, mcp: JsonObject, find: Find): readonly Finding[] {
  const { command = 'node' } = mcp;
  if (command === 'node')
    return value['main'] === undefined
      ? [find('/main', 'is missing', 'Name the file that node runs, such as "dist/index.js".')]
      : [];
  const { requirements } = value;
  const commands = isJsonObject(requirements) ? listOf(requirements['commands']) : [];
  if (commands.includes(command)) return [];
  return [
    find('/mcp/command', `is ${JSON.stringify(command)}, which requirements.commands does not list`, 'List it there.'),
  ];
}

function toolFindings(mcp: JsonObject, find: Find): readonly Finding[] {
  if (mcp['tools'] === undefined)
    return [find('/mcp/tools', 'is missing', 'List its tools there, or in plugin.tools.json beside the manifest.')];
  const tools = listOf(mcp['tools']).map((tool) => (isJsonObject(tool) ? tool : {}));
  return (['name', 'mcp_name'] as const).flatMap((field) => {
    const names = tools.map((tool) => tool[field]);
    return names.flatMap((name, index) => {
      const isAgain = name !== undefined && names.indexOf(name) !== index;
      return isAgain ? [find(`/mcp/tools/${index}/${field}`, 'is the name of another tool, too', 'Rename it.')] : [];
    });
  });
}

/** What an MCP server cannot ask the host for, having no channel to it. */
function permissionFindings(value: JsonObject, find: Find): readonly Finding[] {
  return eachPermission(value, (word, place) => {
    const isUseful = ['children', 'internet'].includes(word) || permissionKindOf(word) !== 'capability';
    if (isUseful || envNameOf(word) !== undefined) return [];
    const hint = 'An MCP server may have "internet", "children", "env:NAME", and scopes of its caller.';
    return [find(place, `is ${JSON.stringify(word)}, which an MCP server cannot use`, hint)];
  });
}

function envFindings(value: JsonObject, find: Find, driver: 'process' | 'stdio'): readonly Finding[] {
  const { requirements } = value;
  const named = isJsonObject(requirements) ? listOf(requirements['env']) : [];
  return eachPermission(value, (word, place) => {
    const name = envNameOf(word);
    if (name === undefined) return [];
    if (driver === 'process')
      return [find(place, 'is for plugins of driver "stdio"', 'A plugin is given secrets by `secrets` instead.')];
    if (named.includes(name)) return [];
    return [find(place, `gives ${name}, which requirements.env does not list`, 'List it there.')];
  });
}

function strayFindings(value: JsonObject, find: Find): readonly Finding[] {
  const stray = ['entry_points', 'deprecated_entry_points', 'hooks', 'hook_options', 'secrets'].filter(
    (field) => value[field] !== undefined,
  );
  const { sandbox, limits } = value;
  const isShared = isJsonObject(sandbox) && sandbox['scope'] === 'shared';
  const instances = isJsonObject(limits) ? limits['instances'] : undefined;
  const isForCall = isJsonObject(sandbox) && sandbox['scope'] === 'call';
  const isMany = typeof instances === 'number' && instances > 1 && !isForCall;
  return [
    ...stray.map((field) => find(`/${field}`, 'means nothing for an MCP server', 'Remove it.')),
    ...(isShared
      ? [find('/sandbox/scope', 'is "shared"; an MCP server keeps a folder for one tenant', ONE_TENANT)]
      : []),
    ...(isMany ? [find('/limits/instances', `is ${instances}; an MCP server has one for a tenant`, 'Write 1.')] : []),
  ];
}

const ONE_TENANT = 'Write "tenant", or "call" for a fresh one each call.';

function eachPermission(
  value: JsonObject,
  judge: (word: string, place: string) => readonly Finding[],
): readonly Finding[] {
  return (['required_permissions', 'optional_permissions'] as const).flatMap((field) =>
    listOf(value[field]).flatMap((word, index) => (typeof word === 'string' ? judge(word, `/${field}/${index}`) : [])),
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
