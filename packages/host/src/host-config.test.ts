import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;
let host: Host;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  const code = `const heard: unknown[] = [];
    let life: any;
    let stop: () => void;
    export default {
      onLoad(context: any) {
        life = context;
        context.onConfigChange(() => { throw new Error('a listener of no use'); });
        stop = context.onConfigChange((config: any) => heard.push(config));
      },
      tools: [
        { name: 'heard', description: 'Heard.', parameters: {}, execute: () => heard },
        { name: 'stop', description: 'Stop.', parameters: {}, execute: () => { stop(); return 'stopped'; } },
        { name: 'level', description: 'Level.', parameters: {}, execute: ({ level }: any) => { life.setLogLevel(level); return level; } },
        { name: 'say', description: 'Say.', parameters: {}, execute: ({ text }: any, { logger }: any) => {
          for (const level of ['debug', 'info', 'warn', 'error']) logger[level](text + ' ' + level);
          return 'said';
        } },
      ],
    };`;
  await host.install(await folders.write('listener', code, { config: { n: 1 } }));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

async function call(tenant: string, tool: string, params: object = {}): Promise<unknown> {
  const outcome = await host.call({ plugin: 'listener', tool, params, tenant });
  return outcome.ok ? outcome.value : outcome.error.code;
}

async function saidBy(tenant: string, text: string): Promise<readonly string[]> {
  await call(tenant, 'say', { text });
  const said = (): readonly string[] =>
    host.logs
      .read('listener', { tenant, linesMax: 100 })
      .lines.filter((line) => line.source === 'logger' && line.text.startsWith(text))
      .map((line) => line.text.slice(text.length + 1));
  await expect.poll(said).toContain('error');
  return said();
}

test('a plugin hears of each new configuration until it stops listening, whatever another listener does [F004-5]', async () => {
  await host.registrations.enable('listener', { tenant: 'acme' });
  expect(await call('acme', 'heard')).toEqual([]);
  await host.registrations.configure('listener', { n: 2 }, { tenant: 'acme' });
  await host.registrations.configure('listener', { n: 3 }, { tenant: 'acme' });
  expect(await call('acme', 'heard')).toEqual([{ n: 2 }, { n: 3 }]);
  await call('acme', 'stop');
  await host.registrations.configure('listener', { n: 4 }, { tenant: 'acme' });
  expect(await call('acme', 'heard')).toEqual([{ n: 2 }, { n: 3 }]);
  const texts = host.logs.read('listener', { tenant: 'acme', linesMax: 100 }).lines.map(({ text }) => text);
  expect(texts).toContain('onConfigChange failed: a listener of no use');
});

test('a logger says what log_level lets through, as it is now, for one plugin of one tenant [F004-13][F004-16]', async () => {
  await host.registrations.enable('listener', { tenant: 'quiet', config: { log_level: 'WARN' } });
  expect(await saidBy('quiet', 'first')).toEqual(['warn', 'error']);
  await host.registrations.configure('listener', { log_level: 'info' }, { tenant: 'quiet' });
  expect(await saidBy('quiet', 'second')).toEqual(['info', 'warn', 'error']);
  expect(await saidBy('loud', 'third')).toEqual(['debug', 'info', 'warn', 'error']);
});

test('a plugin sets its own level, which then counts [F004-25]', async () => {
  await host.registrations.enable('listener', { tenant: 'debugged', config: { log_level: 'ERROR' } });
  expect(await saidBy('debugged', 'first')).toEqual(['error']);
  await call('debugged', 'level', { level: 'debug' });
  expect(await saidBy('debugged', 'second')).toEqual(['debug', 'info', 'warn', 'error']);
});
