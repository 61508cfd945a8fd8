/**
 * Reads `PLUGIN=HOST:PORT`, as `egress.plugin_hosts` lists them.
 */
import { isHostPort, parsePluginName } from '@bulkhead/protocol';

type Words = readonly string[];

/** Tells whether a text is a plugin's name and an exact host with its port. */
export function isPluginHost(text: string): boolean {
  const { plugin, host } = split(text);
  return parsePluginName(plugin) !== undefined && isHostPort(host);
}

/** Returns the hosts by the plugin's name; each text is {@link isPluginHost}. */
export function pluginHosts(texts: Words): Readonly<Record<string, Words>> {
  const byPlugin = Map.groupBy(texts, (text) => split(text).plugin);
  return Object.fromEntries([...byPlugin].map(([plugin, own]) => [plugin, own.map((text) => split(text).host)]));
}

function split(text: string): { readonly plugin: string; readonly host: string } {
  const at = text.indexOf('=');
  return { plugin: text.slice(0, Math.max(at, 0)), host: text.slice(at + 1) };
}
