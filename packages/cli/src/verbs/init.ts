/**
 * `bulkhead init NAME`: a plugin folder that loads, is healthy and passes its own tests as it stands (F004-7).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parsePluginName } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { pluginFiles } from '../scaffold/plugin-files.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Makes ./NAME; on a terminal the name is asked for where it was left out, in a pipe nothing is asked. */
export async function init({ name }: { readonly name?: string }, terminal: Terminal): Promise<number> {
  const given = name ?? (await askName());
  const plugin = parsePluginName(given);
  if (plugin === undefined) {
    throw new UsageError(
      `${JSON.stringify(given)} is no name for a plugin`,
      'Use a-z, 0-9, "_" and "-", beginning with a letter, at most 64 characters, no "__".',
    );
  }
  await makeFolder(plugin);
  for (const [path, text] of pluginFiles(plugin)) await writeInside(plugin, path, text);
  terminal.result(plugin);
  terminal.say(`made ./${plugin}. Next:`);
  terminal.say(terminal.talkColors.cyan(`  bulkhead check ./${plugin}`));
  terminal.say(terminal.talkColors.cyan(`  bulkhead call ./${plugin} hello --params '{"name":"world"}'`));
  return EXIT_OK;
}

async function askName(): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError('the name of the plugin is missing', 'bulkhead init NAME');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question('Name of the plugin: ')).trim();
  } finally {
    lines.close();
  }
}

/** Made in one step, so that a folder that is there is never written into. */
async function makeFolder(name: string): Promise<void> {
  try {
    await mkdir(name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'EEXIST') throw new UsageError(`./${name} cannot be made (${code})`);
    throw new UsageError(`./${name} is there already`, 'Choose another name, or remove it first.');
  }
}

async function writeInside(folder: string, path: string, text: string): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { flag: 'wx' });
}
