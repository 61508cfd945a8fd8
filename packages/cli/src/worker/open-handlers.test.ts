import { expect, test } from 'vitest';
import { makeFolder, writePlugin } from '../cli-fixture.ts';
import { openHandlers } from './open-handlers.ts';

const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const KNOWN = `export class Known { generate() { return 'an answer'; } }\nexport default {};`;

test('beside a plugin of a model alone our own handlers come along, and it answers by the name of the configuration [X000-15] [X000-25]', async () => {
  await using folder = await makeFolder();
  const entry_points = { llm_backends: { known: './main.js#Known' } };
  const plugin = await writePlugin(folder.path, { name: 'known', main: KNOWN, manifest: { entry_points } });
  const models = { backends: [{ name: 'steady', plugin: 'known' }], privateHosts: [], pluginHosts: {} };
  await using opened = await openHandlers({ plugins: [plugin], grants: {}, allow: undefined, models }, LOG);
  expect(opened.handlers.offers.map(({ name }) => name)).toContain('mutate');
  expect(opened.refused).toEqual([]);
  const outcome = await opened.host.llm.generate({ prompt: 'Say it.', backend: 'steady' });
  expect(outcome).toMatchObject({ ok: true, value: { text: 'an answer' }, llm: { backend: 'steady' } });
});
