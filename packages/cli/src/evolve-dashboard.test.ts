/**
 * The dashboard of a run in a real browser: as the run goes on, at its end, and with programs that would rather run than be read.
 */
import { once } from 'node:events';
import { cp, readFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { endedView, type RunReport } from '@bulkhead/evolve';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { browserPath } from '../../../tools/browser.ts';
import { makeFolder, REPOSITORY, run, start, type Folder } from './cli-fixture.ts';
import { openDashboard } from './evolve/dashboard.ts';

// Each candidate has a guest of its own.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let folder: Folder;
let browser: Browser;
beforeAll(async () => {
  folder = await makeFolder();
  await cp(join(REPOSITORY, 'examples/evolve/k_module'), join(folder.path, 'k'), { recursive: true });
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await folder[Symbol.asyncDispose]();
});

type Opened = { readonly page: Page; readonly complaints: readonly string[] };

async function opened(url: string): Promise<Opened> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  await page.goto(url);
  return { page, complaints };
}

const says = (page: Page, text: string): Promise<void> =>
  page.locator('body', { hasText: text }).waitFor({ timeout: 120_000 });

test('a run is watched from its search to its promotion, and its page says at the end where the report is [X000-21]', async () => {
  const asked = ['--config', 'k/evolve.toml', '--seed', '3', '--checkpoint', 'watched', '--dashboard'];
  const running = start(['evolve', 'run', ...asked], { cwd: folder.path });
  await vi.waitUntil(() => running.stderr().includes('dashboard: '), { timeout: 60_000 });
  const url = /dashboard: (\S+)/.exec(running.stderr())?.[1] ?? '';
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const { page, complaints } = await opened(url);
  await says(page, 'Searching');
  await says(page, 'Live: the page follows the run.');
  await page.locator('summary', { hasText: 'Configuration' }).click();
  await says(page, 'The run has ended.');
  await says(page, 'Promoted');
  expect((await running.ended).code).toBe(0);
  expect(await page.innerText('#line')).toContain('watched/report.html');
  // What was opened is open still, after all that came.
  expect(await page.locator('details[open] summary').allInnerTexts()).toEqual(['Configuration']);
  expect(await page.locator('svg[role="img"]').count()).toBe(3);
  expect(complaints).toEqual([]);
});

test('one that is stopped says how it goes on; a name that is given twice is wrong usage', async () => {
  const asked = ['--config', 'k/evolve.toml', '--seed', '4', '--target', '1', '--out', 'stopped', '--dashboard', '0'];
  const running = start(['evolve', 'run', ...asked], { cwd: folder.path });
  await vi.waitUntil(() => running.stderr().includes('dashboard: '), { timeout: 60_000 });
  const { page } = await opened(/dashboard: (\S+)/.exec(running.stderr())?.[1] ?? '');
  await says(page, 'Searching');
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  await says(page, 'The run was stopped; `bulkhead evolve resume stopped` goes on.');
  const twice = await run(['evolve', 'run', '--config', 'k/evolve.toml', '--out', 'here', '--checkpoint', 'there'], {
    cwd: folder.path,
  });
  expect(twice.code).toBe(2);
  expect(twice.stderr).toContain('--out is here and --checkpoint is there');
});

test('programs are text in it, whatever stands in them', async () => {
  const report = JSON.parse(await readFile(join(folder.path, 'watched/report.json'), 'utf8')) as RunReport; // Its form is tested with it.
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>\r\n</pre>\revent: end\r\ndata: "gone"\n\n';
  const hostile = { ...report, name: evil, best_line: report.best_line.map((step) => ({ ...step, diff: evil })) };
  await using dashboard = await openDashboard(evil, 0);
  const { page, complaints } = await opened(dashboard.url);
  dashboard.didChange(async () => ({ ...endedView(hostile), phase: 'search' }));
  await says(page, 'Searching');
  expect(await page.innerText('h1')).toContain('<img src=x onerror="alert(1)">');
  expect(await page.locator('#run script, #run img').count()).toBe(0);
  await dashboard.end({ says: 'It is over.' });
  await says(page, 'It is over.');
  expect(complaints).toEqual([]);
});

test('it answers this machine alone, to a number of viewers, and is only looked at', async () => {
  await using dashboard = await openDashboard('bounds', 0);
  const ask = async (path: string, { method = 'GET', host = '', origin = '' } = {}): Promise<IncomingMessage> => {
    const headers = { ...(host !== '' && { host }), ...(origin !== '' && { origin }) };
    const asking = request(new URL(path, dashboard.url), { method, headers, agent: false }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage]; // By the documentation of Node.
    return response;
  };
  expect((await ask('/', { host: 'evil.example' })).statusCode).toBe(403);
  expect((await ask('/', { host: 'localhost:80' })).statusCode).toBe(200);
  expect((await ask('/events', { origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await ask('/', { origin: new URL(dashboard.url).origin })).statusCode).toBe(200);
  expect((await ask('/', { method: 'POST' })).statusCode).toBe(405);
  expect((await ask('/report.json')).statusCode).toBe(404);
  expect((await ask('/')).headers['content-security-policy']).toContain("script-src 'self'");
  const viewers = [];
  for (let viewer = 0; viewer < 16; viewer += 1) viewers.push(await ask('/events'));
  expect(viewers.map(({ statusCode }) => statusCode)).toEqual(viewers.map(() => 200));
  expect((await ask('/events')).statusCode).toBe(503);
  viewers[0]?.destroy();
  await vi.waitFor(async () => expect((await ask('/events')).statusCode).toBe(200), { timeout: 10_000 });
});
