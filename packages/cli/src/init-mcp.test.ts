import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLoopbackMcp } from '../../host/src/remote-mcp.fixture.ts';
import { REPOSITORY, makeFolder, run, serve } from './cli-fixture.ts';

const SMALL = join(REPOSITORY, 'fixtures/mcp/small');

test('an MCP server in a folder becomes a plugin that can be called, its tools pinned', async () => {
  await using folder = await makeFolder();
  const cwd = folder.path;
  const given = ['--env', 'PLACE={data}/x', '--allow', 'api.example.com:443'];
  const made = await run(['init', 'mine', '--kind', 'mcp', '--from', SMALL, ...given], { cwd });
  expect(made).toMatchObject({ code: 0, stdout: 'mine\n' });
  expect(made.stderr).toContain('version 2.3.4, with 3 tools: get_env, read_file, start_program');
  const manifest = JSON.parse(await readFile(join(cwd, 'mine/plugin.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({
    name: 'mine',
    version: '2.3.4',
    driver: 'stdio',
    main: 'server.mjs',
    required_permissions: ['internet'],
    network: { allow: ['api.example.com:443'] },
    mcp: { env: { PLACE: '{data}/x' }, tools: [{ name: 'get_env', mcp_name: 'get-env' }, {}, {}] },
  });
  const called = await run(['call', './mine', 'get_env', '--params', '{}', '--grant', 'internet', '--json'], { cwd });
  expect(JSON.parse(called.stdout)).toMatchObject({ ok: true, value: { PLACE: '/bulkhead/data/x' } });
  expect(await run(['check', './mine', '--json'], { cwd })).toMatchObject({ code: 0 });
  expect(await run(['pack', './mine'], { cwd })).toMatchObject({ code: 1, stdout: '' });
});

test('a command of the machine becomes a plugin, shown to it read-only', async () => {
  await using folder = await makeFolder();
  const cwd = folder.path;
  const from = `perl ${join(REPOSITORY, 'absent.pl')}`;
  const refused = await run(['init', 'mine', '--kind', 'mcp', '--from', from], { cwd });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('the MCP server did not start in the sandbox');
  expect(refused.stderr).toContain('No such file or directory');
  expect(await readdir(cwd)).toEqual([]);
});

const TELLS_TIME = {
  'get-time': {
    about: { description: 'Tells the time.', inputSchema: { type: 'object' as const } },
    run: () => ({ content: [{ type: 'text' as const, text: 'noon' }] }),
  },
};

test('a server that is somewhere else becomes a plugin that calls it, where the operator lets it be reached', async () => {
  await using folder = await makeFolder();
  await using server = await openLoopbackMcp(() => TELLS_TIME);
  const surroundings = { cwd: folder.path, env: { BULKHEAD__EGRESS__PRIVATE_HOSTS: server.hostPort } };
  const from = `http://${server.hostPort}/mcp`;
  const made = await run(['init', 'clock', '--kind', 'mcp', '--from', from], surroundings);
  expect(made).toMatchObject({ code: 0, stdout: 'clock\n' });
  expect(made.stderr).toContain('version 3.2.1, with 1 tools: get_time');
  const call = ['call', './clock', 'get_time', '--params', '{}', '--grant', 'internet', '--json'];
  const called = await run(call, surroundings);
  expect(JSON.parse(called.stdout)).toMatchObject({ ok: true, value: { content: [{ text: 'noon' }] } });
});

test('a server that cannot be reached leaves no folder, and says what would let it be', async () => {
  await using folder = await makeFolder();
  await using server = await openLoopbackMcp(() => TELLS_TIME);
  const from = `http://${server.hostPort}/mcp`;
  const refused = await run(['init', 'clock', '--kind', 'mcp', '--from', from], { cwd: folder.path });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('has to be listed in egress.private_hosts');
  expect(await readdir(folder.path)).toEqual([]);
});

test.each([
  [['--kind', 'mcp'], 'where the MCP server is from is missing'],
  [['--kind', 'mcp', '--from', 'No Such'], 'is no package of the registry, no folder and no command'],
  [['--kind', 'mcp', '--from', 'https://'], 'is no address'],
  [['--kind', 'mcp', '--from', 'https://mcp.example.com/mcp', '--env', 'A=b'], 'has no --env'],
  [['--kind', 'mcp', '--from', 'https://mcp.example.com/mcp', '--secret', 'ABSENT'], 'the variable ABSENT is not set'],
  [['--kind', 'mcp', '--from', 'perl x', '--secret', 'A'], '--secret is for servers with an address'],
  [['--kind', 'mcp', '--lang', 'js', '--from', 'x'], 'an MCP server has no --style and no --lang'],
  [['--from', 'x'], '--from, --env, --allow and --secret are for --kind mcp'],
])('%j is wrong usage', async (args, said) => {
  await using folder = await makeFolder();
  const ended = await run(['init', 'mine', ...args], { cwd: folder.path });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(said);
  expect(await readdir(folder.path)).toEqual([]);
});

test('doctor --plugin says what a plugin was refused, and which permission it would take', async () => {
  await using folder = await makeFolder();
  const env = { SMALL_TOKEN: 'x' };
  const args = ['--plugins', join(REPOSITORY, 'fixtures/mcp'), '--data', join(folder.path, 'data')];
  await using served = await serve(args, { env });
  const to = ['--server', served.ready.url, '--data', join(folder.path, 'data')];
  await run(['call', 'small', 'start_program', '--params', '{}', ...to]);
  const { stdout } = await run(['doctor', '--plugin', 'small', '--json', ...to]);
  expect(JSON.parse(stdout)).toMatchObject({
    plugin: 'small',
    refused: [{ what: 'child', permission: 'children' }],
  });
  const shown = await run(['doctor', '--plugin', 'small', ...to]);
  expect(shown.stdout).toMatch(/child\s+\/bulkhead\/node\s+EACCES\s+children\s+1/);
});
