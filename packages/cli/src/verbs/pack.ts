/**
 * `bulkhead pack DIR`: a plugin folder becomes an archive that needs nothing else, the same bytes each time.
 */
import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { packPlugin, type PackedPlugin } from '@bulkhead/host';
import { EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed. */
export type PackOptions = { readonly dir: string; readonly out?: string; readonly json?: boolean };

/** Writes the archive and says what is in it. */
export async function pack({ dir, out, json }: PackOptions, terminal: Terminal): Promise<number> {
  const done = terminal.progress(`packing ${dir}`);
  const packed = await packPlugin(dir, {}).finally(done);
  const file = out ?? `${packed.name}-${packed.version}.tgz`;
  await writeWhole(file, packed.bytes);
  const sha256 = createHash('sha256').update(packed.bytes).digest('hex');
  const { name, version, files, dependencies, findings, bytes } = packed;
  const summary = { name, version, file: resolve(file), sha256, bytes: bytes.length, files, dependencies, findings };
  if (json === true) terminal.result(JSON.stringify(summary));
  else show({ file, sha256, packed }, terminal);
  return EXIT_OK;
}

/** In one step: an archive that is there is replaced by a whole one, or not at all. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new UsageError(`${file} cannot be written (${code})`, 'Name a file in a folder that is there with --out.');
  }
}

type Shown = { readonly file: string; readonly sha256: string; readonly packed: PackedPlugin };

function show({ file, sha256, packed }: Shown, { result, say, talkColors }: Terminal): void {
  const { name, version, files, dependencies, findings, bytes } = packed;
  result(file);
  say(plain(`${name} ${version}: ${files.length} files, ${bytes.length} bytes, sha256 ${sha256}`));
  for (const { name: dependency, version: has, license, path } of dependencies)
    say(plain(`  ${dependency} ${has ?? '(no version)'}  ${license ?? 'no licence named'}  ${path}`));
  for (const { severity, id, path, message } of findings) say(plain(`${severity}  ${path}  ${id}  ${message}`));
  say(talkColors.dim(plain(`Next: bulkhead sign ${file} --key KEY, or bulkhead install ${file}`)));
}
