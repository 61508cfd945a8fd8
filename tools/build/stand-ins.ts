/**
 * Puts the plugin that stands in for language models (`--backend scripted:FILE`) beside the command, which is published without our
 * other plugins.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Copies it into the command's dist, without its tests. */
export async function copyStandIns(root: string): Promise<void> {
  const from = join(root, 'plugins/llm_mock');
  const to = join(root, 'packages/cli/dist/llm_mock');
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, filter: (path) => path !== join(from, 'tests') });
}
