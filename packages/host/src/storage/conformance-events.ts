/**
 * The part of the Storage conformance suite for events between nodes: what is kept, in which order, and for how long.
 */
import { expect, test } from 'vitest';
import { minute, type Opened } from './conformance-fixture.ts';
import { putTenant, putToken, write } from './conformance-rows.ts';
import type { EventRow } from './events-port.ts';
import type { NodeReport } from './nodes-port.ts';

/** Declares the tests. */
export function eventTests(storage: Opened): void {
  orderTests(storage);
  boundTests(storage);
  removalTests(storage);
}

/** What others told to the node `here` after a number. */
async function told(storage: Opened, after: number): Promise<readonly unknown[]> {
  const { rows } = await storage().readEvents({ after, node: 'here', rowsMax: 100 });
  return rows.map(({ event }) => event.data);
}

async function live(storage: Opened, ...nodes: readonly string[]): Promise<void> {
  for (const id of nodes) await storage().beat(nodeOf(id));
}

function orderTests(storage: Opened): void {
  test('an event comes back as it was told, to every node but the one that told it', async () => {
    await live(storage, 'here', 'there');
    const row: EventRow = {
      event: { ...eventOf(1), data: { text: 'Zürich \0 \ud800 "x"', list: [1, null, { deep: true }] } },
      depth: 3,
    };
    const { tenant_id: _tenant, ...everybody } = eventOf(2);
    await storage().addEvents('there', [row, { event: everybody, depth: 1 }]);
    const page = await storage().readEvents({ after: 0, node: 'here', rowsMax: 10 });
    expect(page.rows).toEqual([row, { event: everybody, depth: 1 }]);
    expect(await storage().readEvents({ after: 0, node: 'there', rowsMax: 10 })).toEqual({ rows: [], next: page.next });
  });

  test('events are read in their order from a number on, none of them twice', async () => {
    await live(storage, 'here', 'there');
    expect(await storage().lastEvent()).toBe(0);
    await storage().addEvents('there', rowsOf(1, 2, 3));
    const last = await storage().lastEvent();
    await storage().addEvents('here', rowsOf(4));
    await storage().addEvents('there', rowsOf(5, 6));
    const first = await storage().readEvents({ after: 0, node: 'here', rowsMax: 2 });
    expect(first.rows.map(({ event }) => event.data)).toEqual([1, 2]);
    expect(await told(storage, first.next)).toEqual([3, 5, 6]);
    expect(await told(storage, last)).toEqual([5, 6]);
    const end = await storage().readEvents({ after: last, node: 'here', rowsMax: 10 });
    expect(await storage().readEvents({ after: end.next, node: 'here', rowsMax: 10 })).toEqual({
      rows: [],
      next: end.next,
    });
  });

  test('an event that is told twice is kept once', async () => {
    await live(storage, 'here', 'there');
    await storage().addEvents('there', rowsOf(1));
    await storage().addEvents('there', rowsOf(1, 2, 2));
    expect(await told(storage, 0)).toEqual([1, 2]);
  });
}

function boundTests(storage: Opened): void {
  test('where no other node has said that it lives, nothing is kept', async () => {
    await live(storage, 'there');
    await storage().addEvents('there', rowsOf(1));
    expect(await storage().lastEvent()).toBe(0);
    await live(storage, 'here');
    await storage().addEvents('there', rowsOf(2));
    expect(await told(storage, 0)).toEqual([2]);
  });

  test('what is too old goes, and so do the oldest that are too many; numbers go on', async () => {
    await live(storage, 'here', 'there');
    await storage().addEvents('there', rowsOf(1, 2, 3, 4, 5));
    const last = await storage().lastEvent();
    await storage().trimEvents({ before: minute(2), rowsMax: 100 });
    expect(await told(storage, 0)).toEqual([2, 3, 4, 5]);
    await storage().trimEvents({ before: minute(0), rowsMax: 2 });
    expect(await told(storage, 0)).toEqual([4, 5]);
    await storage().trimEvents({ before: minute(9), rowsMax: 2 });
    expect(await storage().lastEvent()).toBe(0);
    await storage().addEvents('there', rowsOf(6));
    expect(await storage().lastEvent()).toBeGreaterThan(last);
    expect(await told(storage, last)).toEqual([6]);
  });
}

function removalTests(storage: Opened): void {
  test('with a tenant go its events that are on their way, and those of others stay', async () => {
    await live(storage, 'here', 'there');
    await storage().commit(write(putTenant('acme')));
    const naming = { ...eventOf(3), tenant_id: 'other', data: { tenant_id: 'acme', text: '"tenant_id":"acme" \0' } };
    const { tenant_id: _tenant, ...everybody } = eventOf(4);
    const others = [naming, everybody].map((event) => ({ event, depth: 1 }));
    await storage().addEvents('there', [...rowsOf(1, 2), ...others]);
    expect(await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'acme' }))).toMatchObject({ kind: 'done' });
    expect(await told(storage, 0)).toEqual(others.map(({ event }) => event.data));
  });

  test('events stay where the commit that removes their tenant does not fit', async () => {
    await live(storage, 'here', 'there');
    await storage().addEvents('there', rowsOf(1));
    const removal = { kind: 'remove_tenant', tenant_id: 'acme' } as const;
    const misfit = putToken('nobody', 'token');
    expect(await storage().commit(write(removal, misfit))).toEqual({ kind: 'conflict', index: 1 });
    expect(await told(storage, 0)).toEqual([1]);
  });
}

function rowsOf(...numbers: readonly number[]): readonly EventRow[] {
  return numbers.map((number) => ({ event: eventOf(number), depth: 1 }));
}

function eventOf(number: number): EventRow['event'] {
  const id = `018f0000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return { id, type: 'order.paid', source: 'shop', tenant_id: 'acme', timestamp: minute(number), data: number };
}

function nodeOf(id: string): NodeReport {
  const self = { host_name: 'machine', version: '0.1.0', tier: 'process', state: 'ready' } as const;
  return { id, ...self, started_at: minute(0), plugins: [] };
}
