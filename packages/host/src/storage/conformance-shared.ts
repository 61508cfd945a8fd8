/**
 * The part of the Storage conformance suite for what nodes share: artifacts, and their signs of life.
 */
import { expect, test } from 'vitest';
import type { ArtifactRow } from './artifact-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import type { NodeReport } from './nodes-port.ts';

/** Declares the tests. */
export function sharedTests(storage: Opened): void {
  artifactTests(storage);
  nodeTests(storage);
}

function artifactTests(storage: Opened): void {
  test('an artifact comes back byte for byte, with its source map or without, and one that is not there is undefined', async () => {
    const rows = [artifact('a'), { ...artifact('b'), source_map: null }];
    for (const row of rows) await storage().putArtifact(row, minute(0));
    for (const row of rows) expect(plain(await storage().getArtifact(row.digest))).toEqual(plain(row));
    expect(await storage().getArtifact('c'.repeat(64))).toBeUndefined();
  });

  test('an artifact of 16 MiB fits', async () => {
    const row = { ...artifact('a'), bytes: Buffer.alloc(16 * 2 ** 20, 'artifact') };
    await storage().putArtifact(row, minute(0));
    const found = await storage().getArtifact(row.digest);
    expect(Buffer.compare(Buffer.from(found?.bytes ?? []), row.bytes)).toBe(0);
  });

  test('putting an artifact again changes no byte', async () => {
    await storage().putArtifact(artifact('a'), minute(0));
    await storage().putArtifact({ ...artifact('a'), bytes: Buffer.from('other') }, minute(1));
    expect(plain(await storage().getArtifact('a'.repeat(64)))).toEqual(plain(artifact('a')));
  });

  test('a sweep removes what no release names and was last put before its time', async () => {
    await storage().putArtifact(artifact('a'), minute(0));
    await storage().putArtifact(artifact('b'), minute(0));
    await storage().putArtifact(artifact('c'), minute(0));
    await storage().putArtifact(artifact('b'), minute(5));
    await storage().commit(releaseOf('c'.repeat(64)));
    await storage().sweepArtifacts(minute(3));
    const found = await Promise.all(['a', 'b', 'c'].map((digit) => storage().getArtifact(digit.repeat(64))));
    expect(found.map((row) => row?.digest[0])).toEqual([undefined, 'b', 'c']);
  });
}

function nodeTests(storage: Opened): void {
  test('each beat answers what every node said last, in order of their starts', async () => {
    const late = node('late', 5);
    const early = { ...node('early', 1), state: 'draining' as const, plugins: [PLUGIN] };
    await storage().beat(late);
    await storage().beat({ ...early, plugins: [] });
    const rows = await storage().beat(early);
    expect(rows).toEqual([
      { ...early, heartbeat_at: expect.any(String), silent_ms: expect.any(Number) },
      { ...late, heartbeat_at: expect.any(String), silent_ms: expect.any(Number) },
    ]);
    expect(new Date(rows[0]?.heartbeat_at ?? '').toISOString()).toBe(rows[0]?.heartbeat_at);
    expect(rows[1]?.silent_ms).toBeGreaterThanOrEqual(rows[0]?.silent_ms ?? 0);
  });

  test('what a node says of its plugins is kept as it is, whatever text a plugin threw', async () => {
    const plugins = [
      { ...PLUGIN, full_reason: 'nul \0 and half a pair \ud83d' },
      { ...PLUGIN, name: 'b', reason: null },
    ];
    const [row] = await storage().beat({ ...node('n', 1), plugins });
    expect(row?.plugins).toEqual(plugins);
  });

  test('a node that is removed is no longer listed, and removing it again is silent', async () => {
    await storage().beat(node('gone', 1));
    await storage().removeNode('gone');
    await storage().removeNode('gone');
    expect((await storage().beat(node('n', 1))).map(({ id }) => id)).toEqual(['n']);
  });

  test('nodes that have been silent for longer than a bound are forgotten', async () => {
    await storage().beat(node('silent', 1));
    await storage().forgetNodes(60_000);
    expect(await storage().beat(node('n', 1))).toHaveLength(2);
    await expect
      .poll(async () => {
        await storage().forgetNodes(20);
        return (await storage().beat(node('n', 1))).map(({ id }) => id);
      })
      .toEqual(['n']);
  });
}

function artifact(digit: string): ArtifactRow {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  return { digest: digit.repeat(64), bytes, source_map: Buffer.from('{"version":3}') };
}

/** Drivers answer bytes as they like, as long as they are bytes. */
function plain(row: ArtifactRow | undefined): unknown {
  return row === undefined
    ? undefined
    : { ...row, bytes: [...row.bytes], source_map: row.source_map === null ? null : [...row.source_map] };
}

function releaseOf(digest: string): Parameters<ReturnType<Opened>['commit']>[0] {
  const row = {
    ...{ plugin_name: 'a', version: '1.0.0', digest, place: '/plugins/a', manifest: {}, findings: [] },
    ...{ is_public: true, offered_to: [], is_trusted: true, installed_at: minute(0) },
    origin: { form: 'folder', archive_sha256: null, signed_by: null, dependencies: [] } as const,
  };
  const audit = { at: minute(0), actor: 'test', action: 'plugin.install', tenant_id: null, resource: 'a', details: {} };
  return { changes: [{ kind: 'put_release', row }], audit };
}

const PLUGIN: NodeReport['plugins'][number] = {
  ...{
    name: 'a',
    state: 'FAILED',
    health: 'error',
    breaker: 'open',
    version: '1.0.0',
    reason: 'PLUGIN_THREW: it threw',
  },
  ...{ full_reason: 'PLUGIN_THREW: boom', is_released: true, success_count: 3, error_count: 1, last_used: minute(2) },
};

function node(id: string, startedMinute: number): NodeReport {
  return {
    ...{ id, host_name: 'machine', version: '0.1.0', tier: 'jail', state: 'ready' },
    ...{ started_at: minute(startedMinute), plugins: [] },
  };
}
