/**
 * Reads the papers of a folder, which no code imports: licence, notices and read-me, of a plugin and of its packages. A
 * folder that is reached by a link has none here.
 */
import { LIMITS } from '@bulkhead/protocol';
import { listFolder, openFolder, openFolderIn, readFileIn, type OpenFolder } from './open-beneath.ts';

const PAPERS = /^(?:licen[cs]e|copying|notice|readme)(?:[.-][\w.-]{1,30})?$/i;

/**
 * Reads the papers that lie directly in a folder.
 *
 * @param folder - Absolute real path of the plugin folder.
 * @param at - Path below it, `''` for itself.
 * @returns bytes by file name, sorted; what is larger than a source file may be is left out.
 */
export async function readPapers(folder: string, at: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const papers = new Map<string, Uint8Array>();
  const opened = await openBelow(folder, at);
  if (opened === undefined) return papers;
  try {
    for (const name of await listFolder(opened)) {
      if (!PAPERS.test(name)) continue;
      const reading = await readFileIn(opened, name, LIMITS.source_file_bytes.value);
      if (reading.kind === 'read') papers.set(name, reading.bytes);
    }
    return papers;
  } finally {
    await opened.handle.close();
  }
}

async function openBelow(folder: string, at: string): Promise<OpenFolder | undefined> {
  let current: OpenFolder | undefined = await openFolder(folder);
  for (const part of at.split('/').filter(Boolean)) {
    const parent: OpenFolder = current;
    current = await openFolderIn(parent, part);
    await parent.handle.close();
    if (current === undefined) return undefined;
  }
  return current;
}
