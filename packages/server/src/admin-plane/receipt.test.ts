import { expect, test } from 'vitest';
import { startServer, TOKEN, writePlugin } from '../server-fixture.ts';

const MAIN = `export default { tools: [{ name: 'a', description: 'A.', parameters: { type: 'object' }, execute: () => 1 }] };`;
const get = (url: string, name: string, token = TOKEN) =>
  fetch(`${url}/api/v1/plugins/${name}/receipt`, { headers: { authorization: `Bearer ${token}` } });

test('[FAULTS-116] the receipt of a plugin says what its sandbox was measured to be', async () => {
  await using plugin = await writePlugin('answerer', MAIN);
  await using started = await startServer({ plugins: [plugin.dir] });
  const response = await get(started.url, 'answerer');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(started.host.receipt);
});

test('a receipt is the operator’s to read, and of a plugin that is there', async () => {
  await using started = await startServer();
  expect((await get(started.url, 'nothing')).status).toBe(404);
  expect((await get(started.url, 'nothing', 'a-wrong-one')).status).toBe(401);
});
