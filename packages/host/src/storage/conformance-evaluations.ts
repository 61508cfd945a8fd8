/**
 * The part of the Storage conformance suite for evaluations.
 */
import { expect, test } from 'vitest';
import { minute, type Opened } from './conformance-fixture.ts';
import { putTenant, write } from './conformance-rows.ts';
import type { Evaluation, EvaluationQuery, EvaluationWithReport } from './evaluations-port.ts';

/** Ids are in the order of their numbers. */
function idOf(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

function row(number: number, more: Partial<EvaluationWithReport> = {}): EvaluationWithReport {
  return {
    ...{ id: idOf(number), tenant_id: 'acme', plugin_name: 'calc', from_version: '1.0.0', to_version: '2.0.0' },
    ...{ kind: 'upgrade', state: 'queued', verdict: null, reasons: [], summary: {}, report: null },
    changes: [{ state: 'queued', at: minute(number), reason: null }],
    ...{ node: 'node-1', actor: 'token 1', created_at: minute(number), updated_at: minute(number), revision: 1 },
    ...more,
  };
}

/** What a plugin may have said, and a report shows: no database takes it as text of its own. */
const ODD = { 'key \0': ['half a pair \uD800', '"quotes" \\', 0.1, null] };

/** Declares the tests. */
export function evaluationTests(storage: Opened): void {
  test('an evaluation is read as it was stored, with its report, and listed without it', async () => {
    const stored = row(1, {
      tenant_id: null,
      from_version: null,
      kind: 'install',
      report: ODD,
      summary: { pairs: 300 },
    });
    await storage().createEvaluation(stored);
    expect(await storage().getEvaluation(idOf(1))).toEqual(stored);
    const { report: _report, ...listed } = stored;
    expect(await storage().listEvaluations({ rowsMax: 10 })).toEqual([listed]);
    expect(await storage().getEvaluation(idOf(2))).toBeUndefined();
  });

  progressTests(storage);
  listTests(storage);
  removalTests(storage);
}

function progressTests(storage: Opened): void {
  test('what comes of it is stored at the revision it was judged at, and every change of state stays', async () => {
    await storage().createEvaluation(row(1));
    const begun = { state: 'evaluating', at: minute(2), reason: null } as const;
    const ended = { state: 'rejected', at: minute(3), reason: 'odd \0 "words" \uD800' } as const;
    const at = (revision: number) => ({ id: idOf(1), revision });
    expect(await storage().progressEvaluation(at(1), { change: begun, node: 'node-2', updated_at: minute(2) })).toBe(2);
    const found = {
      verdict: 'reject',
      reasons: ['slower', ODD['key \0'][0] as string],
      summary: { p: 0.01 },
      report: ODD,
    };
    expect(await storage().progressEvaluation(at(1), { ...found, updated_at: minute(9) })).toBeUndefined();
    expect(await storage().progressEvaluation(at(2), { change: ended, ...found, updated_at: minute(3) })).toBe(3);
    const stored = await storage().getEvaluation(idOf(1));
    expect(stored).toMatchObject({
      state: 'rejected',
      verdict: 'reject',
      summary: { p: 0.01 },
      report: ODD,
      revision: 3,
    });
    expect(stored).toMatchObject({ node: 'node-2', updated_at: minute(3), created_at: minute(1) });
    expect(stored?.changes.map(({ state, at: when }) => [state, when])).toEqual([
      ['queued', minute(1)],
      ['evaluating', minute(2)],
      ['rejected', minute(3)],
    ]);
    expect(stored?.changes[2]?.reason).toContain('"words"');
    expect(await storage().progressEvaluation({ id: idOf(7), revision: 1 }, { updated_at: minute(1) })).toBeUndefined();
  });

  test('of two that carry it on at once from the same revision one does', async () => {
    await storage().createEvaluation(row(1));
    const states = ['evaluating', 'cancelled', 'failed'] as const;
    const answers = await Promise.all(
      states.map((state) =>
        storage().progressEvaluation(
          { id: idOf(1), revision: 1 },
          { change: { state, at: minute(2), reason: null }, updated_at: minute(2) },
        ),
      ),
    );
    expect(answers.filter((revision) => revision === 2)).toHaveLength(1);
    const stored = await storage().getEvaluation(idOf(1));
    expect(stored?.changes).toHaveLength(2);
    expect(stored?.state).toBe(states[answers.indexOf(2)]);
  });
}

function listTests(storage: Opened): void {
  test('evaluations are listed newest first, of a tenant, a plugin, or before one of them', async () => {
    const others = [row(3, { tenant_id: 'other' }), row(4, { plugin_name: 'notes' }), row(5, { tenant_id: null })];
    for (const each of [row(2), row(1), ...others]) await storage().createEvaluation(each);
    const ids = async (query: Partial<EvaluationQuery>): Promise<readonly string[]> =>
      (await storage().listEvaluations({ rowsMax: 10, ...query })).map(({ id }) => id);
    expect(await ids({})).toEqual([5, 4, 3, 2, 1].map(idOf));
    expect(await ids({ tenant: 'acme' })).toEqual([4, 2, 1].map(idOf));
    expect(await ids({ tenant: 'acme', plugin: 'calc', rowsMax: 1 })).toEqual([idOf(2)]);
    expect(await ids({ plugin: 'calc', before: idOf(3) })).toEqual([2, 1].map(idOf));
    expect((await storage().listEvaluations({ tenant: 'other', rowsMax: 1 }))[0]?.tenant_id).toBe('other');
  });

  test('those that run are those that have not ended, oldest first', async () => {
    const states = ['canary', 'adopted', 'queued', 'rolled_back', 'shadow', 'evaluating', 'failed'] as const;
    for (const [number, state] of states.entries()) await storage().createEvaluation(row(number, { state }));
    const running: readonly Evaluation[] = await storage().listRunningEvaluations();
    expect(running.map(({ state }) => state)).toEqual(['canary', 'queued', 'shadow', 'evaluating']);
  });
}

function removalTests(storage: Opened): void {
  test('those that ended long ago are removed, and those that run stay', async () => {
    const ended = { state: 'adopted' } as const;
    for (const each of [row(1, ended), row(2), row(3, ended)]) await storage().createEvaluation(each);
    await storage().pruneEvaluations(minute(3));
    expect((await storage().listEvaluations({ rowsMax: 10 })).map(({ id }) => id)).toEqual([idOf(3), idOf(2)]);
  });

  test('an evaluation goes with its tenant and its plugin', async () => {
    const all = [row(1), row(2, { tenant_id: 'other' }), row(3, { tenant_id: null, plugin_name: 'notes' })];
    for (const each of all) await storage().createEvaluation(each);
    const left = async (): Promise<readonly string[]> =>
      (await storage().listEvaluations({ rowsMax: 10 })).map(({ id }) => id);
    await storage().commit(write(putTenant('other')));
    await storage().commit(write({ kind: 'remove_tenant', tenant_id: 'other' }));
    expect(await left()).toEqual([idOf(3), idOf(1)]);
    await storage().commit(write({ kind: 'remove_plugin', plugin_name: 'notes' }));
    expect(await left()).toEqual([idOf(1)]);
  });
}
