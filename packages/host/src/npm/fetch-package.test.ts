import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { LIMITS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTgz } from '../archive/archive.fixture.ts';
import { fetchNpmPackage, isNpmSpec, type NpmPackage } from './fetch-package.ts';
import { openTestRegistry, type TestRegistry } from './registry.fixture.ts';

const BYTES = makeTgz([{ name: 'package/package.json', content: '{"name":"good","version":"1.2.3"}' }]);
const OTHER_DIGEST = `sha512-${createHash('sha512').update('other bytes').digest('base64')}`;
const HUGE = new Uint8Array(LIMITS.archive_packed_bytes.value + 1);

let registry: TestRegistry;
beforeAll(async () => {
  registry = await openTestRegistry({
    'good@1.2.3': { bytes: BYTES },
    '@scope/good@2.0.0': { bytes: BYTES },
    'forged@1.0.0': { bytes: BYTES, integrity: OTHER_DIGEST },
    'told-twice@1.0.0': { bytes: BYTES, integrityInFull: OTHER_DIGEST },
    'huge@1.0.0': { bytes: HUGE },
  });
});
afterAll(() => registry[Symbol.asyncDispose]());

const fetchIt = (spec: string): Promise<NpmPackage> => fetchNpmPackage(spec, { ...process.env, ...registry.env });

test('[FAULTS-93] the one tarball is fetched, no script is run, and nothing is left', async () => {
  expect(await fetchIt('good')).toEqual({ id: 'good@1.2.3', bytes: BYTES });
  expect(await fetchIt('good@^1.0.0')).toEqual({ id: 'good@1.2.3', bytes: BYTES });
  expect(await fetchIt('@scope/good@2.0.0')).toEqual({ id: '@scope/good@2.0.0', bytes: BYTES });
  expect((await readdir(tmpdir())).filter((name) => /^bulkhead-npm-(?!home)/.test(name))).toEqual([]);
}, 60_000);

test('[FAULTS-91] bytes of another digest than the registry says are refused', async () => {
  await expect(fetchIt('forged')).rejects.toMatchObject({
    code: 'NPM_FETCH_FAILED',
    message: expect.stringContaining('EINTEGRITY') as string, // By npm itself.
  });
  await expect(fetchIt('told-twice')).rejects.toMatchObject({
    code: 'NPM_FETCH_FAILED',
    message: expect.stringContaining('told-twice@1.0.0 is not what the registry says: sha512-') as string,
  });
});

test('[FAULTS-81] a tarball beyond the bound of archives is refused', async () => {
  await expect(fetchIt('huge')).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
});

test('a package that is not there, and an npm that is not, are said', async () => {
  await expect(fetchIt('absent')).rejects.toMatchObject({
    code: 'NPM_FETCH_FAILED',
    message: expect.stringContaining('404') as string,
  });
  await expect(fetchNpmPackage('good', { PATH: '/nowhere' })).rejects.toMatchObject({
    code: 'NPM_FETCH_FAILED',
    message: 'there is no npm client on the PATH',
  });
});

test.each([
  '../folder',
  './x.tgz',
  '/srv/x',
  'git+ssh://host/x',
  'user/repository',
  'https://host/x.tgz',
  'file:x',
  '-g',
  '--registry=x',
  'a b',
  '',
  'npm:x',
])('[FAULTS-88] %j is no package of the registry, and npm is not asked', async (spec) => {
  expect(isNpmSpec(spec)).toBe(false);
  await expect(fetchIt(spec)).rejects.toMatchObject({
    code: 'NPM_FETCH_FAILED',
    message: expect.stringContaining('is no NAME') as string,
  });
});
