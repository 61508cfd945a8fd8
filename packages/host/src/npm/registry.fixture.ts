/**
 * A registry of npm for tests, which knows one version of each package that it is given: the network beyond us.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A registry; `env` makes the npm client ask it. */
export type TestRegistry = AsyncDisposable & { readonly env: Readonly<Record<string, string>> };

/**
 * A package: its tarball, and what the registry says is its digest, which is the right one unless it is given. Who installs is
 * told `integrity`, who asks for the whole document `integrityInFull`.
 */
export type TestPackage = {
  readonly bytes: Uint8Array;
  readonly integrity?: string;
  readonly integrityInFull?: string;
};

/** Starts a registry with packages by `NAME@VERSION`. */
export async function openTestRegistry(packages: Readonly<Record<string, TestPackage>>): Promise<TestRegistry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const tarball = path.endsWith('.tgz') ? packages[path.slice(0, -'.tgz'.length)] : undefined;
    if (tarball !== undefined) return void response.end(tarball.bytes);
    const id = Object.keys(packages).find((one) => one.slice(0, one.lastIndexOf('@')) === path);
    const found = id === undefined ? undefined : packages[id];
    if (id === undefined || found === undefined) return void response.writeHead(404).end('{}');
    response.setHeader('content-type', 'application/json');
    const isFull = !(request.headers.accept ?? '').includes('npm.install');
    const { integrity, integrityInFull = integrity } = found;
    const said = isFull ? integrityInFull : integrity;
    const told = { bytes: found.bytes, ...(said !== undefined && { integrity: said }) };
    response.end(JSON.stringify(documentOf(id, told, `http://${request.headers.host}`)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // Of a server on a port.
  const home = await mkdtemp(join(tmpdir(), 'bulkhead-npm-home-'));
  return {
    env: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(home, 'cache'), HOME: home },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(home, { recursive: true, force: true });
    },
  };
}

function documentOf(id: string, { bytes, integrity }: TestPackage, origin: string): object {
  const at = id.lastIndexOf('@');
  const [name, version] = [id.slice(0, at), id.slice(at + 1)];
  const dist = {
    tarball: `${origin}/${encodeURIComponent(id)}.tgz`,
    integrity: integrity ?? `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
  };
  const described = { name, version, dist, scripts: { postinstall: 'exit 1', prepare: 'exit 1' } };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { _id: id, ...described } } };
}
