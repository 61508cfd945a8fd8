import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { createEventBus, type NewEvent, type Told } from './event-bus.ts';

type Heard = { readonly data: JsonValue; readonly tenant_id?: string };

/** A bus whose grants are the test's; what each instance is sent is kept, and heard at once. */
function open() {
  const grants = new Map<string, readonly string[]>();
  const visible = new Set<string>();
  const sent: Told[] = [];
  let lastId = 0;
  const bus = createEventBus({
    clock: { now: () => 0, wallTime: () => 0 },
    startTimer: () => () => undefined,
    newId: () => `id-${(lastId += 1)}`,
    grantsOf: (tenant, plugin) => grants.get(`${tenant} ${plugin}`) ?? [],
    isVisible: (tenant, plugin) => visible.has(`${tenant} ${plugin}`),
    didHappen: () => undefined,
    send: (told) => void sent.push(told),
  });
  /** Joins an instance that subscribes to a pattern. */
  function join(tenant: string, plugin: string, pattern: string) {
    const heard: Heard[] = [];
    const speaker = { plugin, tenant, isTrial: false };
    const link = bus.connect(speaker, {
      send: (json) => {
        heard.push((JSON.parse(json) as { event: Heard }).event); // As it was written.
        return true;
      },
    });
    const hearer = bus.hearer(speaker);
    if (hearer !== undefined) bus.subscribe(hearer, 1, pattern);
    return { link, heard, data: (): readonly JsonValue[] => heard.map(({ data }) => data) };
  }
  const tell = (data: JsonValue, change: Partial<NewEvent> = {}): void =>
    void bus.publish({
      type: 'order.paid',
      source: 'shop',
      tenant_id: 'acme',
      data,
      depth: 1,
      spreads: true,
      ...change,
    });
  return { bus, grants, visible, sent, join, tell };
}

test('what a plugin may hear is judged for each event, by what its registration is granted then', () => {
  const { grants, join, tell } = open();
  const audit = join('acme', 'audit', '**');
  tell('before the grant');
  grants.set('acme audit', ['events']);
  tell('granted');
  grants.set('acme audit', ['llm']);
  tell('revoked');
  expect(audit.data()).toEqual(['granted']);
});

test('an event of a tenant reaches that tenant’s instances alone, and one of none all that may know of it', () => {
  const { bus, grants, visible, join } = open();
  for (const tenant of ['acme', 'other', 'blind']) grants.set(`${tenant} audit`, ['events']);
  const [acme, other, blind] = ['acme', 'other', 'blind'].map((tenant) => join(tenant, 'audit', 'plugin.*'));
  for (const tenant of ['acme', 'other']) visible.add(`${tenant} calc`);
  const state = { type: 'plugin.state_changed', source: 'host', depth: 1, spreads: true };
  bus.publish({ ...state, tenant_id: 'acme', data: { plugin: 'calc', of: 'acme' } });
  bus.publish({ ...state, data: { plugin: 'calc', of: 'all' } });
  expect(acme?.data()).toHaveLength(2);
  expect(other?.heard.map((event) => [event.data, 'tenant_id' in event])).toEqual([
    [{ plugin: 'calc', of: 'all' }, false],
  ]);
  expect(blind?.data()).toEqual([]);
});

test('of a memory the owner hears, and who was granted to read it', () => {
  const { grants, join, tell } = open();
  grants.set('acme notes', ['events']);
  grants.set('acme reader', ['events', 'memory.read:notes']);
  grants.set('acme audit', ['events', 'memory.read:other']);
  const [notes, reader, audit] = ['notes', 'reader', 'audit'].map((plugin) => join('acme', plugin, 'memory.stored'));
  tell({ plugin: 'notes' }, { type: 'memory.stored', source: 'host' });
  expect([notes, reader, audit].map((each) => each?.data().length)).toEqual([1, 1, 0]);
});

test('what another node told is delivered and told no other, and what stays here is sent nowhere', () => {
  const { bus, grants, sent, join, tell } = open();
  grants.set('acme audit', ['events']);
  const audit = join('acme', 'audit', '**');
  tell('here', { spreads: false });
  tell('everywhere', { depth: 3 });
  bus.deliver({
    event: { id: 'x', type: 'a.b', source: 's', tenant_id: 'acme', timestamp: 't', data: 'there' },
    depth: 1,
  });
  expect(audit.data()).toEqual(['here', 'everywhere', 'there']);
  expect(sent.map(({ event, depth }) => [event.data, depth])).toEqual([['everywhere', 3]]);
});

test('an instance that has ended is in no table, and who looks for hearers is told', () => {
  const { bus, grants, join, tell } = open();
  grants.set('acme audit', ['events']);
  let changes = 0;
  bus.onChange(() => void (changes += 1));
  const audit = join('acme', 'audit', 'tool.*');
  expect([bus.counts(), bus.isWanted('tool.called'), bus.isWanted('tool.called', 'other'), changes]).toEqual([
    { connected: 1, hearing: 1 },
    true,
    false,
    1,
  ]);
  audit.link.end();
  tell('late', { type: 'tool.called' });
  expect([bus.counts(), bus.isWanted('tool.called'), audit.heard, changes]).toEqual([
    { connected: 0, hearing: 0 },
    false,
    [],
    2,
  ]);
});
