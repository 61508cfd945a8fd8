/**
 * `bulkhead init NAME`: a plugin folder that loads, is healthy, keeps its contracts and passes its own tests as it stands (F004-7).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { parsePluginName, type PluginName } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { KINDS, LANGUAGES, stylesOf, toChoices, type Choices, type Kind } from '../scaffold/choices.ts';
import { pluginFiles } from '../scaffold/plugin-files.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { makeFolder } from '../scaffold/new-folder.ts';
import type { InitMcpOptions } from './init-mcp.ts';

/** Arguments and options as they were typed. */
export type InitOptions = Partial<Omit<Choices, 'kind'>> &
  InitMcpOptions & { readonly kind?: Kind | 'mcp'; readonly name?: string };

/** Makes ./NAME; on a terminal what was left out is asked for where the name was, in a pipe nothing is asked. */
export async function init(options: InitOptions, terminal: Terminal): Promise<number> {
  const { kind, from, env = [], allow = [], secret, ...rest } = options;
  if (kind === 'mcp') return initServer(options, terminal);
  if (from !== undefined || env.length > 0 || allow.length > 0 || secret !== undefined)
    throw new UsageError('--from, --env, --allow and --secret are for --kind mcp');
  const typed = { ...rest, ...(kind !== undefined && { kind }) };
  const asked = typed.name === undefined ? await askOnTerminal(typed) : { ...typed, name: typed.name };
  const plugin = insistOnName(asked.name);
  const choices = toChoices(asked);
  await makeFolder(plugin);
  for (const [path, text] of pluginFiles(plugin, choices)) await writeInside(plugin, path, text);
  terminal.result(plugin);
  terminal.say(`made ./${plugin}. Next:`);
  terminal.say(terminal.talkColors.cyan(`  bulkhead test ./${plugin}`));
  if (choices.kind === 'tool')
    terminal.say(terminal.talkColors.cyan(`  bulkhead call ./${plugin} hello --params '{"name":"world"}'`));
  return EXIT_OK;
}

/** What an MCP server is made of is not ours to choose. */
async function initServer(options: InitOptions, terminal: Terminal): Promise<number> {
  const { name, style, lang, ...given } = options;
  if (name === undefined) throw new UsageError('the name of the plugin is missing', 'bulkhead init NAME --kind mcp');
  if (style !== undefined || lang !== undefined) throw new UsageError('an MCP server has no --style and no --lang');
  const plugin = insistOnName(name);
  const { initMcp } = await import('./init-mcp.ts');
  return initMcp(plugin, given, terminal);
}

function insistOnName(name: string): PluginName {
  const plugin = parsePluginName(name);
  if (plugin !== undefined) return plugin;
  throw new UsageError(
    `${JSON.stringify(name)} is no name for a plugin`,
    'Use a-z, 0-9, "_" and "-", beginning with a letter, at most 64 characters, no "__".',
  );
}

type Typed = Partial<Choices> & { readonly name?: string };
type Named = Partial<Choices> & { readonly name: string };

async function askOnTerminal(options: Typed): Promise<Named> {
  if (!process.stdin.isTTY) throw new UsageError('the name of the plugin is missing', 'bulkhead init NAME');
  return askFor(options, { input: process.stdin, output: process.stderr });
}

/** Asks for what was left out; an empty answer is the first choice, and a wrong one is asked for again. */
export async function askFor(
  options: Typed,
  streams: { readonly input: Readable; readonly output: Writable },
): Promise<Named> {
  const lines = createInterface(streams);
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    streams.output.write(question);
    const { value, done } = await answers.next();
    if (done === true) throw new UsageError('the name of the plugin is missing', 'bulkhead init NAME');
    return value.trim();
  };
  async function choose<Word extends string>(what: string, words: readonly Word[]): Promise<Word> {
    const [usual] = words;
    for (;;) {
      const answer = await ask(`${what} (${words.join(', ')}) [${usual}]: `);
      const chosen = answer === '' ? usual : words.find((word) => word === answer);
      if (chosen !== undefined) return chosen;
    }
  }
  try {
    const name = options.name ?? (await ask('Name of the plugin: '));
    const kind = options.kind ?? (await choose('Kind', KINDS));
    const style = options.style ?? (await choose('Style', stylesOf(kind)));
    const lang = options.lang ?? (await choose('Language', LANGUAGES));
    return { name, kind, style, lang };
  } finally {
    lines.close();
  }
}

async function writeInside(folder: string, path: string, text: string): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { flag: 'wx' });
}
