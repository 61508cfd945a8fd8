/**
 * The file `secrets.key` of a data directory: one key a line in base64, the current one first. It is replaced whole, so that a
 * host that is killed finds the old content or the new. The caller holds the directory.
 */
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { KEY_FORM, parseKey } from './seal.ts';

/** Keys of a file, as texts. */
export type KeyFile = {
  /** @throws {HostError} `SECRETS_KEY_UNUSABLE` where others may read it, it cannot be read, or a line is no key. */
  readonly read: () => Promise<readonly string[]>;
  /** Durable once it resolves; no keys, no file. @throws {HostError} `SECRETS_KEY_UNUSABLE`. */
  readonly write: (keys: readonly string[]) => Promise<void>;
};

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const PERMISSIONS = 0o777;

/** Opens the file of a data directory; it need not be there. */
export function openKeyFile(dataDir: string): KeyFile {
  const path = join(dataDir, 'secrets.key');
  return {
    read: () => readKeys(path),
    write: async (keys) => {
      try {
        await (keys.length === 0 ? removeFile(path) : replaceFile(path, keys));
      } catch (cause) {
        // Where the file lies is not told: whoever sets a secret over HTTP reads this.
        const message = `the file secrets.key of the data directory cannot be written (${systemCodeOf(cause) ?? 'unknown'})`;
        throw new HostError('SECRETS_KEY_UNUSABLE', {
          message,
          hint: 'Make room and give the rights to write there.',
          cause,
        });
      }
    },
  };
}

async function readKeys(path: string): Promise<readonly string[]> {
  const text = await readOwnFile(path);
  const keys = text.split('\n').filter((line) => line !== '');
  const wrong = keys.findIndex((line) => parseKey(line) === undefined);
  if (wrong === -1) return keys;
  throw new HostError('SECRETS_KEY_UNUSABLE', {
    message: `line ${wrong + 1} of "${path}" is no key; expected ${KEY_FORM}`,
  });
}

/** The rights are those of the file that is read, not of one that took its place in between. */
async function readOwnFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { mode } = await file.stat();
    if ((mode & OTHERS) !== 0) throw exposed(path, mode);
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return '';
    if (cause instanceof HostError) throw cause;
    throw new HostError('SECRETS_KEY_UNUSABLE', {
      message: `"${path}" cannot be read (${systemCodeOf(cause) ?? 'unknown'})`,
      cause,
    });
  } finally {
    await file?.close();
  }
}

function exposed(path: string, mode: number): HostError {
  return new HostError('SECRETS_KEY_UNUSABLE', {
    message: `"${path}" has mode ${(mode & PERMISSIONS).toString(8)}, so others may have read it; expected 600`,
    hint: `Run \`chmod 600 ${path}\`, then \`bulkhead secrets rotate\`, and change the secrets themselves if they were read.`,
  });
}

async function replaceFile(path: string, keys: readonly string[]): Promise<void> {
  const next = `${path}.next`;
  await rm(next, { force: true }); // Of a host that was killed; with rights that nobody knows.
  const file = await open(next, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(keys.map((key) => `${key}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
  await syncFolder(dirname(path));
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
