/**
 * Real archives, real index folders, and a web server that serves them, for the tests of indexes.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WithWorkshop } from '../host/with-workshop.ts';
import { packPlugin } from '../pack.ts';
import { signArchive } from '../signing/signature.ts';
import { createKeyPair, type KeyPair } from '../signing/signed-statement.ts';
import { SIGNATURE_ENDING } from '../source/archive-file.ts';
import { openPlainWorkshop } from '../toolchain/workshop.fixture.ts';
import type { KeepingIndex } from './keep-index.ts';

/** Of an archive: fields of its manifest, its code, and who signs it. */
export type TestArchive = {
  readonly version?: string;
  readonly manifest?: object;
  readonly main?: string;
  readonly signer?: KeyPair;
};

/** A folder below a temporary one, with a workshop that packs and looks. */
export type IndexBench = AsyncDisposable & {
  readonly root: string;
  readonly keys: KeyPair;
  readonly within: WithWorkshop;
  /** Packs a plugin into a folder below the root; answers the file. */
  readonly pack: (folder: string, name: string, archive?: TestArchive) => Promise<string>;
  /** How an index is kept, with the keys of this bench. */
  readonly keeping: (more?: Partial<KeepingIndex>) => KeepingIndex;
};

/** Code of a plugin with one tool, which answers its version. */
export function answering(version: string): string {
  return `export default { tools: [{ name: 'version', description: 'Answers.', parameters: { type: 'object' }, execute: () => '${version}' }] };\n`;
}

/** Opens a bench. */
export async function openIndexBench(): Promise<IndexBench> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-index-'));
  const workshop = openPlainWorkshop();
  const within: WithWorkshop = (use) => use(workshop.ask);
  const keys = createKeyPair();
  return {
    root,
    keys,
    within,
    pack: async (folder, name, archive = {}) => packInto(join(root, folder), name, { archive, within }),
    keeping: (more = {}) => ({ signing: { privateKey: keys.privateKey }, within, ...more }),
    [Symbol.asyncDispose]: async () => {
      await workshop.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

type Packing = { readonly archive: TestArchive; readonly within: WithWorkshop };

async function packInto(folder: string, name: string, { archive, within }: Packing): Promise<string> {
  const { version = '1.0.0', manifest = {}, main = answering(version), signer } = archive;
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-index-source-'));
  try {
    const fields = { name, version, description: `Plugin ${name}.`, author: 'Tests', license: 'MIT', ...manifest };
    await writeFile(join(dir, 'plugin.json'), JSON.stringify(fields));
    await writeFile(join(dir, 'main.js'), main);
    await writeFile(join(dir, 'LICENSE'), 'MIT License');
    const { bytes } = await packPlugin(dir, { within });
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${name}-${version}.tgz`);
    await writeFile(file, bytes);
    if (signer !== undefined) await writeFile(file + SIGNATURE_ENDING, signatureOf(bytes, { name, version, signer }));
    return file;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Signing = { readonly name: string; readonly version: string; readonly signer: KeyPair };

/** Text of a signature of an archive. */
export function signatureOf(bytes: Uint8Array, { name, version, signer }: Signing): string {
  const about = { name, version, signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  return JSON.stringify(signArchive(bytes, about, signer.privateKey));
}

/** A web server on this machine; `url` ends with a slash. */
export type TestWeb = AsyncDisposable & { readonly url: string };

/** Serves by a listener of the test's own. */
export async function serveWith(listener: RequestListener): Promise<TestWeb> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // Of a server on a port.
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves the files of a folder as any web server does. */
export function serveFolder(folder: string): Promise<TestWeb> {
  return serveWith((request, response) => {
    const name = decodeURIComponent((request.url ?? '').slice(1));
    readFile(join(folder, name)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end('not found'),
    );
  });
}
