import type { JsonObject, PluginContext, ToolContext } from '@bulkhead/sdk';
import { createTestContext } from '@bulkhead/sdk/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGuestBook } from '../guest-book.ts';
import { cleanup, getConfig, getMetadata, healthCheck, initPlugin } from '../main.ts';
import manifest from '../plugin.json' with { type: 'json' };
import { readSettings } from '../settings.ts';
import { greet, list_greeted } from '../tools.ts';

const lines: string[] = [];
const log = (message: string): void => void lines.push(message);
const logger = { debug: log, info: log, warn: log, error: log };

const contextWith = (config: JsonObject): PluginContext & ToolContext => createTestContext({ config, logger });
const context = contextWith(manifest.config);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  lines.length = 0;
  initPlugin(context);
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test('initPlugin answers true and logs [F004-9] [F004-19]', () => {
  expect(initPlugin(context)).toBe(true);
  expect(lines).toContain('the guest book is open');
});

test.for([{ interval: 'soon' }, { interval: 0 }, { log_level: 'LOUD' }, { enabled: 'yes' }])(
  'initPlugin never throws: with %j it logs and answers false [F004-9]',
  (config) => {
    expect(initPlugin(contextWith(config as JsonObject))).toBe(false);
    expect(lines.at(-1)).toMatch(/^the greeter does not start: TypeError: config\.(interval|log_level|enabled) is /);
  },
);

test('getMetadata says what plugin.json says [F004-10] [F004-8]', () => {
  const { name, version, description, author, dependencies, capabilities } = manifest;
  expect(getMetadata()).toEqual({ name, version, description, author, dependencies, capabilities });
});

test('cleanup closes the guest book once, and says whether there was one [F004-11] [F004-19]', () => {
  expect(cleanup()).toBe(true);
  expect(cleanup()).toBe(false);
});

test('healthCheck says status, message and metrics [F004-12]', async () => {
  await greet({ name: 'Ada' }, context);
  expect(healthCheck()).toEqual({ status: 'healthy', message: 'The guest book is open.', metrics: { guests: 1 } });
  cleanup();
  expect(healthCheck()).toMatchObject({ status: 'error', metrics: { guests: 0 } });
});

test('the configuration has enabled, interval, log_level and features [F004-13] [F004-14]', () => {
  expect(getConfig()).toEqual({
    enabled: true,
    interval: 300,
    log_level: 'INFO',
    features: { remember: true, shout: false },
  });
  expect(readSettings({})).toEqual({
    isEnabled: true,
    intervalMs: 300_000,
    logLevel: 'INFO',
    features: { remember: false, shout: false },
  });
});

const greetAda = (): Promise<JsonObject> => greet({ name: ' Ada ' }, context);

test('a name is welcomed back within the interval, and greeted anew after it', async () => {
  await expect(greetAda()).resolves.toEqual({ greeting: 'Hello, Ada!', is_back: false });
  vi.setSystemTime(Date.now() + 299_999);
  await expect(greetAda()).resolves.toEqual({ greeting: 'Welcome back, Ada!', is_back: true });
  vi.setSystemTime(Date.now() + 300_000);
  await expect(greetAda()).resolves.toEqual({ greeting: 'Hello, Ada!', is_back: false });
});

test('features are switched by the configuration that is in force at the call [F004-13]', async () => {
  const shouting = contextWith({ features: { shout: true } });
  await expect(greet({ name: 'Ada' }, shouting)).resolves.toEqual({ greeting: 'HELLO, ADA!', is_back: false });
  expect(list_greeted()).toEqual({ names: [] });
});

test('below its log_level nothing is logged [F004-13]', async () => {
  lines.length = 0;
  await greet({ name: 'Ada' }, contextWith({ log_level: 'WARN' }));
  expect(lines).toEqual([]);
});

test.for([{}, { name: '' }, { name: ' ' }, { name: 5 }])('%j names nobody and throws', async (params) => {
  await expect(greet(params, context)).rejects.toThrow('name is missing');
});

test('a name of more than 100 characters throws', async () => {
  await expect(greet({ name: 'a'.repeat(101) }, context)).rejects.toThrow(
    'name has 101 characters; at most 100 are taken',
  );
});

test('calls in flight at once each see the one before, because they take turns [F004-18]', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => greet({ name: 'Ada' }, context)));
  expect(answers.map((answer) => answer['is_back'])).toEqual([false, true, true]);
  expect(list_greeted()).toEqual({ names: ['Ada'] });
});

test('the guest book holds a thousand names and lets the oldest go', async () => {
  const book = createGuestBook();
  book.open();
  for (let index = 0; index <= 1_000; index += 1) await book.enter(`guest ${index}`, index);
  expect(book.count()).toBe(1_000);
  expect(book.names()[0]).toBe('guest 1');
});
