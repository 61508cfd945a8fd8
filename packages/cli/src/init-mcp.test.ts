import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLoopbackMcp } from '../../host/src/remote-mcp.fixture.ts';
import { REPOSITORY, makeFolder, run, serve } from './cli-fixture.ts';

const SMALL = join(REPOSITORY, 'fixtures/mcp/small');

test('an MCP server in a folder becomes a plugin that can be called, its tools pinned', async () => {
  await using folder = await makeFolder();
  const cwd = folder.path;
  const made = await run(['init', 'mine', '--kind', 'mcp', '--from', SMALL, '--env', 'PLACE={data}/x'], { cwd });
  expect(made).toMatchObject({ code: 0, stdout: 'mine\n' });
  expect(made.stderr).toContain('version 2.3.4, with 3 tools: get_env, read_file, start_program');
  const manifest = JSON.parse(await readFile(join(cwd, 'mine/plugin.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({
    name: 'mine',
    version: '2.3.4',
    driver: 'stdio',
    main: 'server.mjs',
    mcp: { env: { PLACE: '{data}/x' }, tools: [{ name: 'get_env', mcp_name: 'get-env' }, {}, {}] },
  });
  const called = await run(['call', './mine', 'get_env', '--params', '{}', '--json'], { cwd });
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

test('a server that is somewhere else becomes a plugin that calls it, where the operator lets it be reached', async () => {
  await using folder = await makeFolder();
  const about = { description: 'Tells the time.', inputSchema: { type: 'object' as const } };
  const tell = () => ({ content: [{ type: 'text' as const, text: 'noon' }] });
  await using server = await openLoopbackMcp(() => ({ 'get-time': { about, run: tell } }));
  const cwd = folder.path;
  const init = ['init', 'clock', '--kind', 'mcp', '--from', `http://${server.hostPort}/mcp`];
  const refused = await run(init, { cwd });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('has to be listed in egress.private_hosts');
  expect(await readdir(cwd)).toEqual([]);
  const env = { BULKHEAD__EGRESS__PRIVATE_HOSTS: server.hostPort };
  const made = await run(init, { cwd, env });
  expect(made).toMatchObject({ code: 0, stdout: 'clock\n' });
  expect(made.stderr).toContain('version 3.2.1, with 1 tools: get_time');
  expect(await run(['check', './clock', '--json'], { cwd })).toMatchObject({ code: 0 });
  const call = ['call', './clock', 'get_time', '--params', '{}', '--grant', 'internet', '--json'];
  const called = await run(call, { cwd, env });
  expect(JSON.parse(called.stdout)).toMatchObject({ ok: true, value: { content: [{ text: 'noon' }] } });
});

test.each([
  [['--kind', 'mcp'], 'where the MCP server is from is missing'],
  [['--kind', 'mcp', '--from', 'No Such'], 'is no package of the registry, no folder and no command'],
  [['--kind', 'mcp', '--from', 'https://'], 'is no address'],
  [['--kind', 'mcp', '--from', 'https://mcp.example.com/mcp', '--env', 'A=b'], 'has no --env'],
  [['--kind', 'mcp', '--from', 'https://mcp.example.com/mcp', '--secret', 'ABSENT'], 'the variable ABSENT is not set'],
  [['--kind', 'mcp', '--from', 'perl x', '--secret', 'A'], '--secret is for servers with an address'],
  [['--kind', 'mcp', '--lang', 'js', '--from', 'x'], 'an MCP server has no --style and no --lang'],
  [['--from', 'x'], '--from, --env and --secret are for --kind mcp'],
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
