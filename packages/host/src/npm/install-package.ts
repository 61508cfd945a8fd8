/**
 * Installs one package with all that it needs into a folder, by the npm client of this machine: copies, no links, and no script of
 * anybody's (FAULTS 93).
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../base/host-error.ts';
import { npmEnvironment, runNpm } from './fetch-package.ts';

/** A package that was installed; `main` is the program that it brings, relative to the folder. */
export type InstalledPackage = { readonly about: JsonObject; readonly name: string; readonly main: string };

const ARGUMENTS = [
  'install',
  '--ignore-scripts',
  '--install-links',
  '--omit=dev',
  '--no-audit',
  '--no-fund',
  '--save-exact',
];

/**
 * Installs a package of the registry (`NAME`, `NAME@VERSION`) into a folder that has no package.json yet.
 *
 * @throws {HostError} `NPM_FETCH_FAILED`, also where it brings no program for Node.
 */
export async function installNpmPackage(
  spec: string,
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<InstalledPackage> {
  await writeFile(join(dir, 'package.json'), '{ "private": true }\n', { flag: 'wx' });
  await runNpm([...ARGUMENTS, '--', spec], { cwd: dir, env: npmEnvironment(env) });
  const { dependencies } = await readJson(join(dir, 'package.json'));
  const [name] = isJsonObject(dependencies) ? Object.keys(dependencies) : [];
  if (name === undefined) throw failed(`npm installed no package for ${spec}`);
  const about = await readJson(join(dir, 'node_modules', name, 'package.json'));
  const program = programOf(about, name);
  if (program === undefined) throw failed(`the package ${name} brings no program, so it is no MCP server`);
  return { about, name, main: `node_modules/${name}/${program.replace(/^(?:\.\/)+/, '')}` };
}

/** The program that has the package's name, or the only one. */
function programOf({ bin }: JsonObject, name: string): string | undefined {
  if (typeof bin === 'string') return bin;
  if (!isJsonObject(bin)) return undefined;
  const programs = Object.entries(bin).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const named = programs.find(([program]) => program === name.split('/').at(-1));
  return (named ?? programs[0])?.[1];
}

async function readJson(path: string): Promise<JsonObject> {
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  return isJsonObject(value) ? value : {};
}

function failed(message: string): HostError {
  return new HostError('NPM_FETCH_FAILED', { message });
}
