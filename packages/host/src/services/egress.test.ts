import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInternet, type FakeInternet } from '../egress/internet.fixture.ts';
import type { LastingService, Speaker } from './desk.ts';
import { createEgressService } from './egress.ts';

const API = 'api.example.com';
let net: FakeInternet;
beforeAll(async () => {
  net = await openInternet([API]);
  net.serve(API, (_request, response) => response.end('ok'));
});
afterAll(() => net[Symbol.asyncDispose]());

const service = (): LastingService =>
  createEgressService({
    broker: net.broker(),
    errandOf: async () => ({
      rules: { allow: [`${API}:443`], privateHosts: [] },
      secrets: [],
      didMove: () => undefined,
    }),
    didEnd: () => undefined,
  });
const newSpeaker = (): Speaker => ({ plugin: 'hostile', tenant: 'acme', isTrial: false });

function ask(egress: LastingService, speaker: Speaker, [method, args]: readonly [string, object]) {
  const { plugin, tenant } = speaker;
  return egress.methods[method]?.run({ plugin, tenant, speaker, args: { ...args }, call: undefined });
}

const sending = (request: number): readonly [string, object] => [
  'send',
  { request, url: `https://${API}/`, method: 'GET', headers: [], redirect: 'follow' },
];

test('a request is sent once, so that its number counts against the bound of an instance', async () => {
  const [egress, speaker] = [service(), newSpeaker()];
  expect(await ask(egress, speaker, sending(1))).toMatchObject({ ok: true, value: { status: 200 } });
  expect(await ask(egress, speaker, sending(1))).toMatchObject({ ok: false, error: { code: 'SERVICE_ASK_INVALID' } });
  expect(await ask(egress, speaker, ['write', { request: 1, data: 'AAAA' }])).toMatchObject({ ok: false });
  await ask(egress, speaker, ['leave', { request: 1 }]);
  expect(await ask(egress, speaker, sending(1))).toMatchObject({ ok: true });
  egress.didLeave(speaker);
});

test('bodies that are written and not sent are bounded together', async () => {
  const [egress, speaker] = [service(), newSpeaker()];
  const data = Buffer.alloc(256 * 1024).toString('base64');
  const write = (request: number) => ask(egress, speaker, ['write', { request, data }]);
  for (let piece = 0; piece < 64; piece += 1) expect(await write(1 + (piece % 8))).toMatchObject({ ok: true });
  expect(await write(9)).toMatchObject({ ok: false, error: { code: 'EGRESS_LIMIT' } });
  await ask(egress, speaker, ['leave', { request: 1 }]);
  expect(await write(9)).toMatchObject({ ok: true });
  expect(await ask(egress, newSpeaker(), ['write', { request: 1, data }])).toMatchObject({ ok: true });
  egress.didLeave(speaker);
});
