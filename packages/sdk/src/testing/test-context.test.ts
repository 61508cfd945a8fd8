import { expect, test } from 'vitest';
import { createTestContext } from './index.ts';

test('a context has what a test does not give, and what it gives', async () => {
  const context = createTestContext({
    tenantId: 'acme',
    memory: { ...createTestContext().memory, store: async () => 'id' },
  });
  expect(context).toMatchObject({ tenantId: 'acme', config: {}, signal: { aborted: false } });
  expect(context.logger.info('nothing is said')).toBeUndefined();
  expect(await context.memory.store('anything')).toBe('id');
});

test('a service that a test did not give rejects, and says how to give it', async () => {
  const { memory, callTool } = createTestContext();
  await expect(memory.query('x')).rejects.toThrow(
    'memory.query is not in this test context; give createTestContext({ memory })',
  );
  const { events } = createTestContext();
  await expect(events.publish('order.paid')).rejects.toThrow('events.publish is not in this test context');
  await expect(events.subscribe('order.*', () => undefined)).rejects.toThrow('give createTestContext({ events })');
  await expect(callTool('other', 'tool')).rejects.toThrow('give createTestContext({ callTool })');
});
