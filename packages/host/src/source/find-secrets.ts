/**
 * Finds files that hold secrets by their names: environments and keys. A plugin folder that is about to be published has
 * none, even where they would not be packed: one wrong import away is too near.
 */
import { posix } from 'node:path';
import { createBudget, type Budget } from './budget.ts';
import { kindOf, listFolder, openFolder, openFolderIn, type OpenFolder } from './open-beneath.ts';

/** `.env` and its variants, but for those that show its form; private keys, and stores of them. */
const SECRETS = [
  /^\.env(?!\.(?:example|sample|template|dist)$)(?:\.|$)/i,
  /\.(?:key|p12|pfx|jks|keystore)$/i,
  /^id_(?:rsa|dsa|ecdsa|ed25519)$/i,
];

const SKIPPED_FOLDERS: readonly string[] = ['node_modules', '.git'];

/**
 * Finds them.
 *
 * @param folder - Absolute real path of the plugin folder.
 * @returns their paths, sorted; none of them was opened.
 * @throws {HostError} `SOURCE_TOO_LARGE` for more entries, or deeper ones, than an install reads.
 */
export async function findSecrets(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const root = await openFolder(folder);
  try {
    await look(root, '', { found, budget: createBudget() });
    return found;
  } finally {
    await root.handle.close();
  }
}

type Looking = { readonly found: string[]; readonly budget: Budget };

async function look(folder: OpenFolder, path: string, looking: Looking): Promise<void> {
  looking.budget.enter(path);
  for (const name of await listFolder(folder)) {
    const at = posix.join(path, name);
    looking.budget.countEntry(at);
    if (SECRETS.some((secret) => secret.test(name))) looking.found.push(at);
    else if (!SKIPPED_FOLDERS.includes(name) && (await kindOf(folder, name)) === 'folder')
      await lookInto(folder, at, looking);
  }
}

async function lookInto(folder: OpenFolder, path: string, looking: Looking): Promise<void> {
  const inner = await openFolderIn(folder, posix.basename(path));
  if (inner === undefined) return;
  try {
    await look(inner, path, looking);
  } finally {
    await inner.handle.close();
  }
}
