/**
 * What `serve` says when it serves: one line for machines, or a screen for people that ends with a command to paste.
 */
import { join, relative } from 'node:path';
import type { Host } from '@bulkhead/host';
import { DEFAULT_TENANT, capabilitiesOf } from '@bulkhead/protocol';
import { sampleOf } from './sample-params.ts';
import { columns } from './table.ts';
import type { Terminal } from './terminal.ts';
import type { PlatformToken } from './open-token.ts';

/** A server that serves. */
export type Ready = {
  readonly url: string;
  readonly host: Host;
  readonly token: PlatformToken;
  readonly dataDir: string;
};

type Colors = Terminal['colors'];

/** Writes the ready event as one line of JSON (DESIGN 14). */
export function readyLine({ url, host, token }: Ready): string {
  return JSON.stringify({
    event: 'ready',
    url,
    token_file: token.file,
    tier: host.receipt.tier,
    plugins: host.plugins().map(({ name, version, state }) => ({ name, version, state })),
    refused: host.refused(),
  });
}

/** Writes the same for people. */
export function readyText(ready: Ready, colors: Colors): readonly string[] {
  const { url, host, token } = ready;
  const where = token.file === null ? 'from BULKHEAD_TOKEN' : `in ${shown(token.file)}`;
  return [
    `${colors.bold('Bulkhead')} serves on ${colors.bold(url)}`,
    '',
    `sandbox  ${host.receipt.tier} (\`bulkhead doctor\` shows its layers)`,
    `token    ${where}`,
    '',
    ...pluginLines(host, colors),
    ...refusalLines(host, colors),
    ...tryLines(ready, colors),
  ];
}

function pluginLines(host: Host, colors: Colors): readonly string[] {
  const plugins = host.plugins();
  if (plugins.length === 0) return ['no plugins', ''];
  const cures = ungranted(host);
  const laid = columns(
    plugins.map(({ name, version = '', state, reason = cures.get(name) ?? '' }) => [name, version, state, reason]),
  );
  const isGood = (state: string): boolean => state === 'INITIALIZED' || state === 'RUNNING';
  return [
    ...laid.map((line, at) => `  ${isGood(plugins[at]?.state ?? '') ? colors.green('●') : colors.red('●')} ${line}`),
    '',
  ];
}

/** By plugin, what the built-in tenant has not granted of what it asks for: it serves nobody until then, and works in no background. */
function ungranted(host: Host): ReadonlyMap<string, string> {
  const granted = new Map(host.registrations.of().map((row) => [row.plugin_name, row.granted_permissions]));
  return new Map(
    host.registrations.available(DEFAULT_TENANT, true).flatMap(({ name, required_permissions }) => {
      const lacking = capabilitiesOf(required_permissions).filter(
        (word) => granted.get(name)?.includes(word) === false,
      );
      return lacking.length === 0
        ? []
        : [[name, `not granted ${lacking.join(', ')}: --grant ${name}=${lacking.join(',')}`]];
    }),
  );
}

function refusalLines(host: Host, colors: Colors): readonly string[] {
  const refused = host.refused();
  if (refused.length === 0) return [];
  const rows = refused.map(({ path, code, reason }) => `  ${colors.red('●')} ${shown(path)}  ${code}  ${reason}`);
  return ['refused:', ...rows, ''];
}

function tryLines({ url, host, token }: Ready, colors: Colors): readonly string[] {
  const [tool] = host.tools();
  const health = `  curl -s ${url}/v1/plugins`;
  if (tool === undefined) return ['Try:', colors.cyan(health)];
  const secret = token.file === null ? '$BULKHEAD_TOKEN' : `$(cat ${quoted(shown(token.file))})`;
  const body = JSON.stringify({ params: sampleOf(tool.parameters) });
  return [
    'Try:',
    colors.cyan(health),
    colors.cyan(`  curl -s ${url}/v1/tools/${tool.plugin}/${tool.name}/call \\`),
    colors.cyan(`    -H "Authorization: Bearer ${secret}" -H 'Content-Type: application/json' \\`),
    colors.cyan(`    -d ${quoted(body)}`),
  ];
}

/** A path as it is shortest to type here. */
function shown(path: string): string {
  const short = relative('.', path);
  return short.startsWith('..') ? path : short === '' ? '.' : join(short);
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
