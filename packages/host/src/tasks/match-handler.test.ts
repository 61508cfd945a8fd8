import type { Task } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { couldHandle, matchHandler, orderHandlers, type HandlerOffer } from './match-handler.ts';

const TASK: Pick<Task, 'id' | 'kind' | 'requires'> = { id: '0123456789abcdef', kind: 'execute', requires: ['docker'] };

function offer(change: Partial<HandlerOffer> = {}): HandlerOffer {
  return { plugin: 'runner', version: '1.0.0', name: 'run', kind: 'execute', provides: ['cpu', 'docker'], ...change };
}

const yes = (): boolean => true;
const match = (
  handlers: readonly HandlerOffer[],
  workerTags: readonly string[],
  dispatch: (handler: HandlerOffer) => boolean = yes,
) => matchHandler(TASK, { handlers, workerTags }, dispatch);

test('a handler serves a task whose tags it provides where the worker has all that it provides [X000-8] [F000-5]', async () => {
  expect(await match([offer()], ['docker', 'cpu', 'gpu'])).toEqual({ kind: 'matched', handler: offer() });
});

test('two handlers of one kind are told apart by what they say to the task [F000-6]', async () => {
  const [rust, node] = [offer({ name: 'rust' }), offer({ name: 'node' })];
  const asked: string[] = [];
  const dispatch = ({ name }: HandlerOffer): boolean => asked.push(name) > 0 && name === 'rust';
  expect(await match([rust, node], ['cpu', 'docker'], dispatch)).toEqual({ kind: 'matched', handler: rust });
  expect(asked).toEqual(['node', 'rust']);
});

test('of several that pass the first by plugin and name is taken, whatever the order of installation [X000-8]', async () => {
  const handlers = [offer({ plugin: 'b' }), offer({ plugin: 'a', name: 'z' }), offer({ plugin: 'a', name: 'y' })];
  const names = orderHandlers(handlers).map(({ plugin, name }) => `${plugin} ${name}`);
  expect(names).toEqual(['a y', 'a z', 'b run']);
  expect(await match(handlers.toReversed(), ['cpu', 'docker'])).toMatchObject({ handler: { plugin: 'a', name: 'y' } });
});

test('a handler that does not fit is not asked', async () => {
  const asked: string[] = [];
  const handlers = [
    offer({ name: 'kind', kind: 'render' }),
    offer({ name: 'tags', provides: ['cpu'] }),
    offer({ name: 'worker', provides: ['docker', 'gpu'] }),
  ];
  await match(handlers, ['cpu', 'docker'], ({ name }) => asked.push(name) > 0);
  expect(asked).toEqual([]);
});

test('where no handler serves it the refusal names the missing tags, the nearest handler first', async () => {
  const task = { ...TASK, requires: ['docker', 'gpu', 'cuda12'] };
  const handlers = [
    offer({ plugin: 'a', name: 'far', provides: ['cpu'] }),
    offer({ plugin: 'b', name: 'near', provides: ['cpu', 'docker', 'gpu'] }),
    offer({ plugin: 'c', name: 'other', kind: 'render' }),
  ];
  const refused = await matchHandler(task, { handlers, workerTags: ['cpu', 'docker', 'gpu'] }, yes);
  expect(refused).toEqual({
    kind: 'refused',
    missing_tags: ['cuda12'],
    refusals: [
      {
        handler: 'b 1.0.0 near',
        why: 'lacks_tags',
        missing_tags: ['cuda12'],
        message: 'b 1.0.0 near does not provide cuda12',
      },
      expect.objectContaining({ handler: 'a 1.0.0 far', missing_tags: ['cuda12', 'docker', 'gpu'] }),
      expect.objectContaining({ handler: 'c 1.0.0 other', why: 'not_of_kind', missing_tags: [] }),
    ],
    message:
      'no handler for task "0123456789abcdef" of kind execute that requires docker, gpu, cuda12; missing: cuda12; ' +
      'nearest: b 1.0.0 near does not provide cuda12',
  });
});

test('a handler that provides what the worker does not have is refused with the reason', async () => {
  const refused = await match([offer({ provides: ['cpu', 'docker', 'gpu'] })], ['cpu', 'docker']);
  expect(refused).toMatchObject({
    missing_tags: ['gpu'],
    refusals: [
      {
        why: 'worker_lacks_tags',
        message: 'runner 1.0.0 run says that it provides gpu, which this worker does not have',
      },
    ],
  });
});

test('a handler that provides what its plugin’s manifest does not bear out is refused with the reason [F000-44]', async () => {
  const liar = offer({ provides: ['docker', 'internet'], plugin_tags: ['cpu', 'docker'] });
  const refused = await match([liar], ['docker', 'internet']);
  expect(refused).toMatchObject({
    missing_tags: ['internet'],
    refusals: [
      {
        why: 'plugin_lacks_tags',
        message: 'runner 1.0.0 run says that it provides internet, which the manifest of its plugin does not bear out',
      },
    ],
  });
  const honest = { ...liar, plugin_tags: ['docker', 'internet'] };
  expect(await match([liar, honest], ['docker', 'internet'])).toEqual({ kind: 'matched', handler: honest });
});

test('where every handler declines, no tag is missing, and it is said who declined', async () => {
  const refused = await match([offer()], ['cpu', 'docker'], () => false);
  expect(refused).toMatchObject({ missing_tags: [], refusals: [{ why: 'declined' }] });
  expect(refused.kind === 'refused' && refused.message).toContain('does not take this task');
});

test('where there is no handler of the kind, the tags that the worker lacks are missing', async () => {
  for (const handlers of [[], [offer({ kind: 'render' })]]) {
    const refused = await match(handlers, ['cpu']);
    expect(refused).toMatchObject({ missing_tags: ['docker'] });
    expect(refused.kind === 'refused' && refused.message).toContain('none of kind execute is there');
  }
});

test('what dispatch throws is the caller’s', async () => {
  const attempt = match([offer()], ['cpu', 'docker'], () => {
    throw new Error('no');
  });
  await expect(attempt).rejects.toThrow('no');
});

test('a match keeps the rule, and a refusal is only where no handler does [X000-8]', async () => {
  const tags = fc.uniqueArray(fc.constantFrom('cpu', 'llm', 'docker', 'gpu'));
  const handler = fc.record({
    plugin: fc.constantFrom('a', 'b'),
    version: fc.constant('1.0.0'),
    name: fc.constantFrom('x', 'y', 'z'),
    kind: fc.constantFrom('render' as const, 'execute' as const),
    provides: tags,
    plugin_tags: tags,
    takes: fc.boolean(),
  });
  const isSubset = (a: readonly string[], b: readonly string[]): boolean => a.every((tag) => b.includes(tag));
  await fc.assert(
    fc.asyncProperty(fc.array(handler, { maxLength: 6 }), tags, tags, async (handlers, requires, workerTags) => {
      const serves = (one: (typeof handlers)[number]): boolean =>
        one.kind === 'execute' &&
        isSubset(requires, one.provides) &&
        isSubset(one.provides, workerTags) &&
        isSubset(one.provides, one.plugin_tags);
      const task = { ...TASK, requires };
      const found = await matchHandler(task, { handlers, workerTags }, ({ takes }) => takes);
      expect(couldHandle(task, { handlers, workerTags })).toBe(handlers.some(serves));
      const expected = orderHandlers(handlers).find((one) => serves(one) && one.takes);
      if (found.kind === 'matched') expect(found.handler).toBe(expected);
      else expect([expected, found.refusals.length]).toEqual([undefined, handlers.length]);
    }),
  );
});
