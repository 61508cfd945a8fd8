/**
 * The memory's part of the Storage conformance suite: what is found, in which order, what is trimmed, and with what it goes.
 */
import { expect, test } from 'vitest';
import type { CatalogueChange, CatalogueWrite } from './catalogue-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import type { MemoryOwner, MemoryQuery, StoredMemory } from './memory-port.ts';

/** Declares the tests. */
export function memoryTests(storage: Opened): void {
  orderTests(storage);
  queryTests(storage);
  readTests(storage);
  removalTests(storage);
}

const OWNER: MemoryOwner = { tenant_id: 'default', plugin_name: 'notes' };
const OTHER: MemoryOwner = { tenant_id: 'default', plugin_name: 'other' };
const EVERYTHING: MemoryQuery = { words: [], tags: [], minConfidence: 0, rowsMax: 100 };

function artifact(number: number, change: Partial<StoredMemory> = {}): StoredMemory {
  return {
    id: idOf(number),
    content: { number },
    source: 'notes',
    timestamp: minute(number),
    tags: [],
    confidence: 1,
    related_artifacts: [],
    search_text: `{"number":${number}}`,
    ...change,
  };
}

function idOf(number: number): string {
  return `018f0000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

type Find = (query: Partial<MemoryQuery>, owner?: MemoryOwner) => Promise<readonly unknown[]>;

function finderIn(storage: Opened): Find {
  return async (query, owner = OWNER) => {
    const artifacts = await storage().queryMemory(owner, { ...EVERYTHING, ...query });
    return artifacts.map(({ content }) => content);
  };
}

function orderTests(storage: Opened): void {
  const found = finderIn(storage);

  test('artifacts come newest first, of the same time the later id first, and at most so many', async () => {
    for (const [number, at] of [
      [1, 5],
      [2, 1],
      [3, 5],
    ] as const) {
      await storage().addMemory(OWNER, artifact(number, { timestamp: minute(at) }));
    }
    expect(await found({})).toEqual([{ number: 3 }, { number: 1 }, { number: 2 }]);
    expect(await found({ rowsMax: 2 })).toEqual([{ number: 3 }, { number: 1 }]);
  });

  test('reading goes on before the place where it stopped, also where what was there is gone', async () => {
    for (const [number, at] of [
      [1, 5],
      [2, 1],
      [3, 5],
      [4, 9],
    ] as const) {
      await storage().addMemory(OWNER, artifact(number, { timestamp: minute(at) }));
    }
    const before = (number: number, at: number) => ({ before: { timestamp: minute(at), id: idOf(number) } });
    expect(await found(before(4, 9))).toEqual([{ number: 3 }, { number: 1 }, { number: 2 }]);
    expect(await found({ ...before(3, 5), rowsMax: 1 })).toEqual([{ number: 1 }]);
    await storage().removeMemory(OWNER, idOf(1));
    expect(await found(before(1, 5))).toEqual([{ number: 2 }]);
    expect(await found(before(2, 1))).toEqual([]);
  });
}

function queryTests(storage: Opened): void {
  const found = finderIn(storage);

  test('an artifact comes back as it was kept, without the text that it is searched by', async () => {
    const content = { text: 'Zürich % _ \\ "x"', list: [1, null, { deep: true }] };
    const kept = artifact(1, { content, tags: ['a', 'b c'], confidence: 0.25, related_artifacts: [idOf(7)] });
    await storage().addMemory(OWNER, kept);
    const { search_text: _text, ...expected } = kept;
    expect(await storage().queryMemory(OWNER, EVERYTHING)).toEqual([expected]);
  });

  test.each<readonly [string, Partial<MemoryQuery>, readonly number[]]>([
    ['a word, anywhere in the text', { words: ['ain'] }, [2, 1]],
    ['every word, in any order', { words: ['spain', 'rain'] }, [1]],
    ['a word with the signs of a pattern', { words: ['100%_'] }, [3]],
    ['a word with a backslash', { words: ['c:\\dir'] }, [3]],
    ['a word that only a pattern would match', { words: ['1_0'] }, []],
    ['all tags', { tags: ['weather', 'south'] }, [1]],
    ['one tag, and not part of one', { tags: ['weath'] }, []],
    ['a source', { source: 'radio' }, [3]],
    ['a least confidence, which itself is enough', { minConfidence: 0.5 }, [2, 1]],
    ['several ways at once', { words: ['rain'], tags: ['weather'], minConfidence: 0.6 }, [1]],
  ])('artifacts are found by %s', async (_way, query, numbers) => {
    await storage().addMemory(OWNER, artifact(1, { search_text: 'rain in spain', tags: ['weather', 'south'] }));
    await storage().addMemory(OWNER, artifact(2, { search_text: 'a train', tags: ['weather'], confidence: 0.5 }));
    const third = { search_text: '100%_ at c:\\dir', source: 'radio', confidence: 0.1 };
    await storage().addMemory(OWNER, artifact(3, third));
    expect(await found(query)).toEqual(numbers.map((number) => ({ number })));
  });

  test('one owner’s artifacts are not found for another plugin, nor for another tenant', async () => {
    await storage().commit(write(putTenant('acme')));
    await storage().addMemory(OWNER, artifact(1));
    await storage().addMemory({ ...OWNER, tenant_id: 'acme' }, artifact(2));
    expect(await found({}, OTHER)).toEqual([]);
    expect(await found({}, { ...OWNER, tenant_id: 'acme' })).toEqual([{ number: 2 }]);
    expect(await found({})).toEqual([{ number: 1 }]);
  });
}

function readTests(storage: Opened): void {
  test('artifacts are read by their ids, those that are not there left out', async () => {
    await storage().addMemory(OWNER, artifact(1));
    await storage().addMemory(OWNER, artifact(2));
    await storage().addMemory(OTHER, artifact(3));
    const read = await storage().readMemory(OWNER, [idOf(1), idOf(2), idOf(2), idOf(3), idOf(4)]);
    expect(read.map(({ content }) => content)).toEqual([{ number: 2 }, { number: 1 }]);
    expect(await storage().readMemory(OWNER, [])).toEqual([]);
  });

  test('an artifact is removed once, and only by its owner', async () => {
    await storage().addMemory(OWNER, artifact(1));
    expect(await storage().removeMemory(OTHER, idOf(1))).toBe(false);
    expect(await storage().removeMemory(OWNER, idOf(1))).toBe(true);
    expect(await storage().removeMemory(OWNER, idOf(1))).toBe(false);
    expect(await storage().readMemory(OWNER, [idOf(1)])).toEqual([]);
  });

  test('what is too much goes: the least certain first, of those the oldest', async () => {
    const confidences = [0.9, 0.2, 0.2, 1, 0.5];
    for (const [index, confidence] of confidences.entries()) {
      await storage().addMemory(OWNER, artifact(index, { confidence }));
    }
    await storage().addMemory(OTHER, artifact(9, { confidence: 0 }));
    expect(await storage().trimMemory(OWNER, { rowsMax: 5, rowsKept: 3 })).toBe(0);
    expect(await storage().trimMemory(OWNER, { rowsMax: 4, rowsKept: 4 })).toBe(1);
    const left = async (owner: MemoryOwner): Promise<readonly unknown[]> =>
      (await storage().queryMemory(owner, EVERYTHING)).map(({ content }) => content);
    expect(await left(OWNER)).toEqual([{ number: 4 }, { number: 3 }, { number: 2 }, { number: 0 }]);
    expect(await storage().trimMemory(OWNER, { rowsMax: 3, rowsKept: 2 })).toBe(2);
    expect(await left(OWNER)).toEqual([{ number: 3 }, { number: 0 }]);
    expect(await left(OTHER)).toEqual([{ number: 9 }]);
  });
}

function removalTests(storage: Opened): void {
  test.each<readonly [string, CatalogueChange]>([
    ['its registration', { kind: 'remove_registration', tenant_id: 'acme', plugin_name: 'notes' }],
    ['its plugin', { kind: 'remove_plugin', plugin_name: 'notes' }],
    ['its tenant', { kind: 'remove_tenant', tenant_id: 'acme' }],
  ])('what a plugin remembers goes with %s, and what others remember stays', async (_what, removal) => {
    const owner = { tenant_id: 'acme', plugin_name: 'notes' };
    await storage().commit(write(putTenant('acme')));
    await storage().addMemory(owner, artifact(1));
    await storage().addMemory(OTHER, artifact(2));
    expect(await storage().commit(write(removal))).toMatchObject({ kind: 'done' });
    expect(await storage().readMemory(owner, [idOf(1)])).toEqual([]);
    expect(await storage().readMemory(OTHER, [idOf(2)])).toHaveLength(1);
  });

  test('what is remembered stays where the commit that removes it does not fit', async () => {
    await storage().addMemory(OWNER, artifact(1));
    const secret = { tenant_id: 'nobody', plugin_name: 'notes', name: 'KEY', key_id: 'k' };
    const misfit: CatalogueChange = {
      kind: 'put_secret',
      row: { ...secret, created_at: minute(0), updated_at: minute(0) },
    };
    const removal: CatalogueChange = { kind: 'remove_plugin', plugin_name: 'notes' };
    expect(await storage().commit(write(removal, misfit))).toEqual({ kind: 'conflict', index: 1 });
    expect(await storage().readMemory(OWNER, [idOf(1)])).toHaveLength(1);
  });
}

function putTenant(id: string): CatalogueChange {
  const row = { id, name: id, min_tier: null, quota: {}, created_at: minute(0), updated_at: minute(0) };
  return { kind: 'put_tenant', row };
}

function write(...changes: readonly CatalogueChange[]): CatalogueWrite {
  const audit = { at: minute(4), actor: 'platform', action: 'test', tenant_id: null, resource: 'test', details: {} };
  return { changes, audit };
}
