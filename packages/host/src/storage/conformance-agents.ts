/**
 * The part of the Storage conformance suite for runs of agents.
 */
import type { AgentRun } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { AgentRunRow } from './agents-port.ts';
import { minute, type Opened } from './conformance-fixture.ts';
import { putTenant, write } from './conformance-rows.ts';

const NODE = 'node-1';

/** Ids are in the order of their numbers. */
function idOf(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

function row(number: number, more: Partial<AgentRun> = {}, rest: Partial<AgentRunRow> = {}): AgentRunRow {
  return {
    run: { ...RUN, id: idOf(number), created_at: minute(number), ...more },
    node: NODE,
    messages: null,
    ...rest,
  };
}

const RUN: AgentRun = {
  id: '',
  tenant_id: 'acme',
  status: 'running',
  stop_reason: null,
  backend: 'fast',
  max_steps: 20,
  budget: { tokens: 1_000 },
  text: '',
  steps: [],
  approvals: [],
  usage: { input_tokens: 0, output_tokens: 0 },
  cost_usd: 0,
  error: null,
  created_at: '',
  ended_at: null,
};

/** What a model may say: no database takes it as text of its own. */
const ODD_TEXT = 'NUL \0, half a pair \uD800, and "quotes" \\';

/** Declares the tests. */
export function agentTests(storage: Opened): void {
  const get: Get = (number, tenant_id = 'acme') => storage().getAgentRun({ tenant_id, id: idOf(number) });

  test('a run is read as it was stored, whatever text is in it', async () => {
    const messages = [{ role: 'user', content: ODD_TEXT }] as const;
    const step = { text: ODD_TEXT, reasoning: '', tool_calls: [], backend: null, usage: null, cost_usd: null };
    const stored = row(1, { status: 'awaiting_approval', text: ODD_TEXT, steps: [step] }, { messages });
    await storage().addAgentRun(stored);
    expect(await get(1)).toEqual(stored);
  });

  test('a run is changed where it is in a state that it may be changed from, and else stays', async () => {
    await storage().addAgentRun(row(1));
    const done = row(1, { status: 'completed', text: 'done', ended_at: minute(5) });
    expect(await storage().changeAgentRun(done, ['awaiting_approval'])).toBe(false);
    expect(await get(1)).toEqual(row(1));
    expect(await storage().changeAgentRun(done, ['running', 'awaiting_approval'])).toBe(true);
    expect(await get(1)).toEqual(done);
    expect(await storage().changeAgentRun(row(1, { status: 'cancelled' }), ['running'])).toBe(false);
    expect(await get(1)).toEqual(done);
  });

  test('of two changes at once from the same state one is made', async () => {
    await storage().addAgentRun(row(1));
    const ends = ['completed', 'cancelled', 'failed'] as const;
    const made = await Promise.all(ends.map((status) => storage().changeAgentRun(row(1, { status }), ['running'])));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect((await get(1))?.run.status).toBe(ends[made.indexOf(true)]);
  });

  test('a run is its tenant’s: another one neither reads nor changes nor lists it', async () => {
    await storage().addAgentRun(row(1));
    expect(await get(1, 'other')).toBeUndefined();
    expect(await storage().changeAgentRun(row(1, { tenant_id: 'other', text: 'x' }), ['running'])).toBe(false);
    expect(await storage().listAgentRuns({ tenant_id: 'other', rowsMax: 10 })).toEqual([]);
    expect(await get(1)).toEqual(row(1));
  });

  listingTests(storage, get);
}

type Get = (number: number, tenant_id?: string) => Promise<AgentRunRow | undefined>;

function listingTests(storage: Opened, get: Get): void {
  test('runs are listed from the newest on, or from before one of them', async () => {
    for (const number of [2, 1, 3, 4]) await storage().addAgentRun(row(number));
    const list = async (before?: string): Promise<readonly string[]> => {
      const query = { tenant_id: 'acme', rowsMax: 2, ...(before !== undefined && { before }) };
      return (await storage().listAgentRuns(query)).map(({ id }) => id);
    };
    expect(await list()).toEqual([idOf(4), idOf(3)]);
    expect(await list(idOf(3))).toEqual([idOf(2), idOf(1)]);
    expect(await list(idOf(1))).toEqual([]);
  });

  test('runs that a node left are those that still run there', async () => {
    await storage().addAgentRun(row(1));
    await storage().addAgentRun(row(2, { status: 'awaiting_approval' }));
    await storage().addAgentRun(row(3, { status: 'completed' }));
    await storage().addAgentRun(row(4, {}, { node: 'node-2' }));
    expect(await storage().listUnfinishedAgentRuns(NODE)).toEqual([row(1)]);
  });

  test('runs that are too old go, and those of a tenant with it', async () => {
    for (const number of [1, 2]) await storage().addAgentRun(row(number));
    await storage().commit(write(putTenant('gone')));
    await storage().addAgentRun(row(3, { tenant_id: 'gone' }));
    await storage().pruneAgentRuns(minute(2));
    expect(await get(1)).toBeUndefined();
    expect(await get(2)).toEqual(row(2));
    expect(await get(3, 'gone')).toEqual(row(3, { tenant_id: 'gone' }));
    await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'gone' }));
    expect(await get(3, 'gone')).toBeUndefined();
    expect(await get(2)).toEqual(row(2));
  });
}
