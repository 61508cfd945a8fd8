import type { JsonObject, ServiceAnswer } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { createCallIds } from '../base/call-ids.ts';
import { silentLog } from '../base/log.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { createDesk, type Speaker } from './desk.ts';
import { createMemoryService } from './memory.ts';

const storage = createMemoryStorage();
const clock = { now: () => 0, wallTime: () => 0 };
const answer = createDesk({
  services: { memory: createMemoryService({ storage, clock, newId: createCallIds() }) },
  clock,
  log: silentLog,
  grantsOf: () => [],
  optionalOf: () => [],
  didAnswer: () => undefined,
});

function ask(speaker: Speaker, method: string, args: JsonObject): Promise<ServiceAnswer> {
  return answer(speaker, { t: 'ask', id: 1, service: 'memory', method, args }, undefined);
}

async function countOf(speaker: Speaker): Promise<unknown> {
  const answered = await ask(speaker, 'query', {});
  return answered.ok ? (answered.value as { readonly artifacts: readonly unknown[] }).artifacts.length : answered.error;
}

test('each trial has a memory of its own, which begins empty and leaves the tenant’s as it is', async () => {
  const trial = (): Speaker => ({ plugin: 'notes', tenant: 'acme', isTrial: true });
  const first = trial();
  await ask(first, 'store', { content: 'tried' });
  await ask(first, 'store', { content: 'tried again' });
  expect([await countOf(first), await countOf(trial())]).toEqual([2, 0]);
  expect(await countOf({ ...first, isTrial: false })).toBe(0);
});
