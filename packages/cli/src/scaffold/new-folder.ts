/**
 * The folder of a new plugin.
 */
import { mkdir } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';

/** Made in one step, so that a folder that is there is never written into. */
export async function makeFolder(name: string): Promise<void> {
  try {
    await mkdir(name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'EEXIST') throw new UsageError(`./${name} cannot be made (${code})`);
    throw new UsageError(`./${name} is there already`, 'Choose another name, or remove it first.');
  }
}
