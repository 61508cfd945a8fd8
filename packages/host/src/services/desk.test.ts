import type { ServiceAnswer, ServiceAsk } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { silentLog } from '../base/log.ts';
import type { SandboxCall } from '../sandbox/sandbox.ts';
import { createDesk, given, textOf, type AnswerAsk, type ServiceRequest } from './desk.ts';

type Opened = {
  readonly answer: AnswerAsk;
  readonly counted: string[];
  readonly served: ServiceRequest[];
  now: number;
};

/** A desk with one service: `echo.say` gives its word back, `echo.secret` needs a permission, `echo.fail` throws. */
function openDesk(grants: readonly string[] = []): Opened {
  const opened = { counted: [] as string[], served: [] as ServiceRequest[], now: 0 };
  const run = async (request: ServiceRequest) => {
    opened.served.push(request);
    return given(request.args);
  };
  const takes = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] };
  const answer = createDesk({
    services: {
      echo: {
        say: { takes, run },
        paced: { takes, run, isPaced: () => true },
        secret: { takes, needs: ({ args }) => `call:${textOf(args, 'word') ?? ''}`, run },
        fail: { takes, run: async () => Promise.reject(new HostError('STORAGE_UNAVAILABLE')) },
        break: { takes, run: async () => Promise.reject(new TypeError('a bug of ours')) },
      },
    },
    clock: { now: () => opened.now, wallTime: () => 0 },
    log: silentLog,
    grantsOf: (tenant, plugin) => (tenant === 'acme' && plugin === 'p' ? grants : []),
    optionalOf: () => ['call:spare'],
    didAnswer: (service, code) => void opened.counted.push(`${service} ${code}`),
  });
  return Object.assign(opened, { answer });
}

const ACME = { plugin: 'p', tenant: 'acme', isTrial: false };

function ask(method: string, word: string = 'hello', service: string = 'echo'): ServiceAsk {
  return { t: 'ask', id: 1, service, method, args: { word } };
}

const codeOf = (answer: ServiceAnswer): string => (answer.ok ? 'ok' : answer.error.code);

test('an ask that fits is served for its plugin and tenant, and counted', async () => {
  const desk = openDesk();
  expect(await desk.answer(ACME, ask('say'), undefined)).toEqual({ ok: true, value: { word: 'hello' } });
  expect(desk.served).toMatchObject([{ plugin: 'p', tenant: 'acme', args: { word: 'hello' } }]);
  expect(desk.counted).toEqual(['echo ok']);
});

test('a service or method that is not there is refused with what there is, and its name makes no series', async () => {
  const desk = openDesk();
  const answer = await desk.answer(ACME, ask('x'.repeat(50), 'hello', 'vault'), undefined);
  expect(answer).toMatchObject({ ok: false, error: { code: 'SERVICE_ASK_INVALID' } });
  expect(JSON.stringify(answer)).toContain('there are echo.say, echo.paced, echo.secret, echo.fail, echo.break');
  expect(desk.counted).toEqual([]);
});

test('a permission is asked for by the arguments, of the registration, and told by name', async () => {
  const desk = openDesk(['call:b']);
  expect(codeOf(await desk.answer(ACME, ask('secret', 'b'), undefined))).toBe('ok');
  const denied = await desk.answer(ACME, ask('secret', 'c'), undefined);
  expect(denied).toMatchObject({
    error: { code: 'PERMISSION_NOT_GRANTED', hint: expect.stringContaining('--grant call:b,call:c`') },
  });
  expect(await desk.answer(ACME, ask('secret', 'spare'), undefined)).toMatchObject({
    error: {
      message: expect.stringContaining('optional permission "call:spare"'),
      hint: expect.stringMatching(/^Do without it/),
    },
  });
  expect(codeOf(await desk.answer({ ...ACME, tenant: 'other' }, ask('secret', 'b'), undefined))).toBe(
    'PERMISSION_NOT_GRANTED',
  );
});

test('what is tried has no registration yet, and is served as if it were granted what it asks for', async () => {
  const desk = openDesk();
  expect(codeOf(await desk.answer({ ...ACME, isTrial: true }, ask('secret', 'b'), undefined))).toBe('ok');
});

test('the thousand-and-first ask of a plugin and tenant in a second is refused, and no other’s is', async () => {
  const desk = openDesk();
  const say = async (speaker = ACME): Promise<string> => codeOf(await desk.answer(speaker, ask('say'), undefined));
  for (let count = 0; count < 1_000; count += 1) expect(await say()).toBe('ok');
  expect(await say()).toBe('SERVICE_QUOTA_EXCEEDED');
  expect([await say({ ...ACME, tenant: 'other' }), await say({ ...ACME, plugin: 'q' })]).toEqual(['ok', 'ok']);
  desk.now = 1_000;
  expect(await say()).toBe('ok');
});

test('in a harness a plugin has what was granted as far as its release asks for it, and asks at a pace of its own', async () => {
  const desk = openDesk(['call:b', 'call:c']);
  const judged = { ...ACME, judged: { name: 'harness:p@2.0.0', asks: ['call:b', 'call:d'] } };
  const codes = ['b', 'c', 'd'].map(async (word) => codeOf(await desk.answer(judged, ask('secret', word), undefined)));
  expect(await Promise.all(codes)).toEqual(['ok', 'PERMISSION_NOT_GRANTED', 'PERMISSION_NOT_GRANTED']);
  for (let count = 3; count < 1_000; count += 1) await desk.answer(judged, ask('say'), undefined);
  expect(codeOf(await desk.answer(judged, ask('say'), undefined))).toBe('SERVICE_QUOTA_EXCEEDED');
  expect(codeOf(await desk.answer(ACME, ask('say'), undefined))).toBe('ok');
});

test('what paces itself by what it brings does not count, and what is refused or counts beside it does', async () => {
  const desk = openDesk();
  const code = async (method: string): Promise<string> => codeOf(await desk.answer(ACME, ask(method), undefined));
  for (let count = 0; count < 3_000; count += 1) expect(await code('paced')).toBe('ok');
  for (let count = 0; count < 1_000; count += 1) expect(await code('say')).toBe('ok');
  expect(await code('paced')).toBe('SERVICE_QUOTA_EXCEEDED');
});

test('an error of the host is the answer; a bug of ours is answered as one, without its text', async () => {
  const desk = openDesk();
  expect(codeOf(await desk.answer(ACME, ask('fail'), undefined))).toBe('STORAGE_UNAVAILABLE');
  const broken = await desk.answer(ACME, ask('break'), undefined);
  expect(codeOf(broken)).toBe('HOST_FAULT');
  expect(JSON.stringify(broken)).not.toContain('a bug of ours');
  expect(desk.counted).toEqual(['echo STORAGE_UNAVAILABLE', 'echo HOST_FAULT']);
});

test('an instance of every tenant asks for the tenant of its call, whatever the arguments say, and else for none', async () => {
  const desk = openDesk();
  const shared = { ...ACME, tenant: '*shared' };
  const call: SandboxCall = {
    ...({ target: 'tool' } as const),
    ...{ name: 't', args: [], deadline: 1, timeoutMs: 1, isFullTime: true, signal: undefined },
    caller: { tenant: 'beta', config: {} },
  };
  await desk.answer(shared, ask('say'), call);
  expect(desk.served[0]?.tenant).toBe('beta');
  expect(codeOf(await desk.answer(shared, ask('say'), undefined))).toBe('SERVICE_ASK_INVALID');
  await desk.answer(ACME, ask('say'), call);
  expect(desk.served[1]?.tenant).toBe('acme');
});
