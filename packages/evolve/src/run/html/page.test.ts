/**
 * The page of a run in a real browser without a network, however hostile the programs in it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserPath } from '../../../../../tools/browser.ts';
import type { Commit } from '../../loop/lineage.ts';
import type { CurvePoint, RunReport } from '../run-report.ts';
import { renderRunHtml } from './page.ts';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-run-page-'));
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const EVALUATIONS = 60;
const idOf = (index: number): string => index.toString(16).padStart(32, '0');

function commitOf(index: number): Commit {
  const about = { index, id: idOf(index), island: 0, reason: null };
  if (index === 0) return { ...about, parents: [], status: 'start', score: -1 };
  const isFailed = index % 7 === 5;
  return {
    ...{ ...about, parents: [idOf(Math.floor(index / 2))] },
    ...(isFailed ? { status: 'failed', score: null } : { status: 'new', score: -1 + index / EVALUATIONS }),
  };
}

const MODEL = { submitted: 40, answered: 40, improved: 7, gain: 0.75 } as const;
const USAGE = { input_tokens: 12_345, output_tokens: 678, cost_usd: 0.25 };

function curveTo(best: number): readonly CurvePoint[] {
  return Array.from({ length: EVALUATIONS + 1 }, (_, evaluation) => {
    const score = -1 + ((1 + best) * evaluation) / EVALUATIONS;
    return { evaluation, score, best: score };
  });
}

function reportOf(fields: Partial<RunReport> = {}): RunReport {
  const lineage = Array.from({ length: EVALUATIONS + 1 }, (_, index) => commitOf(index));
  const side = { pass_rate: 0.5, p50_ms: 1 };
  return {
    ...{
      schema_version: 1,
      name: 'pipeline',
      seed: 7,
      target: { file: 'pipeline.ts', entry: 'solve' },
      task: 'pipeline',
    },
    ...{ objective: 'pass_rate', proposer: 'grammar', selector: 'adaptive_epsilon' },
    best: {
      ...{ id: idOf(EVALUATIONS), score: 0, evaluation: EVALUATIONS, generation: 6, measures: { speed_ms: 1 } },
      ...{ source_sha256: 'ab'.repeat(32), file: 'winner.ts' },
    },
    ...{ start: { id: idOf(0), score: -1 }, is_better: true, evaluations: EVALUATIONS, ended: 'target' },
    ...{ lineage_hash: 'cd'.repeat(32), usage: USAGE, promotion_enabled: true, curve: curveTo(0), lineage },
    models: ['large', 'small'].map((name) => ({ name, ...MODEL, usage: USAGE })),
    control: {
      best: -0.5,
      evaluations: EVALUATIONS,
      lineage_hash: 'ef'.repeat(32),
      usage: USAGE,
      curve: curveTo(-0.5),
    },
    promotion: {
      is_promoted: true,
      tests: [
        {
          ...{ id: idOf(EVALUATIONS), verdict: 'adopt', reasons: ['it passes more'], better: 50, same: 50, worse: 0 },
          ...{ level: 0.0152, log_e: 20, is_promoted: true, first: side, winner: { pass_rate: 1, p50_ms: 1 } },
        },
      ],
    },
    archive: {
      ...{ descriptors: ['length', 'generation'], coverage: null, qd_score: 3 },
      cells: Array.from({ length: 18 }, (_, at) => ({ bins: [at % 9, at % 6], score: at / 18 - 1, id: idOf(at) })),
    },
    best_line: lineage
      .filter(({ index }) => [0, 1, 3, 7, 15, 30, 60].includes(index))
      .map(({ id, index, score }) => ({
        ...{ id, evaluation: index, score },
        diff: index === 0 ? '' : '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n',
      })),
    estimate: { proposals: 960, tokens: 4e6, usd: 2.5, executions: 9_000, warnings: [] },
    ...{ config: { target: { file: 'pipeline.ts' } }, timing: { elapsed_ms: 65_000 }, ...fields },
  };
}

type Opened = { readonly page: Page; readonly complaints: readonly string[]; readonly requests: readonly string[] };

async function opened(report: RunReport, width = 1_200, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
  const path = join(folder, 'report.html');
  await writeFile(path, renderRunHtml(report));
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, offline: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints, requests };
}

/** Things that stand out of the page, other than in frames that scroll. */
const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element.closest('.scroll, pre, .skip, title, desc') !== null && !element.matches('.scroll, pre');
  return [...document.querySelectorAll('body *')].filter((element) => !scrolls(element)).filter((element) => {
    const { left, right, width: own } = element.getBoundingClientRect();
    return own > 0 && (left < -0.5 || right > width + 0.5);
  }).map((element) => element.tagName + ' ' + element.textContent.slice(0, 40));
})()`;

test('the page says what the run came to, with its pictures, without script, network or complaint', async () => {
  const { page, complaints, requests } = await opened(reportOf());
  const text = await page.innerText('body');
  for (const part of ['Promoted', 'pipeline', 'Control', '−0.5', 'it passes more', '12,345', 'US dollars', 'seed 7'])
    expect(text).toContain(part);
  for (const title of ['Best score over evaluations', 'Lineage tree', 'Archive by length and generation'])
    expect(await page.locator(`svg title:text-is("${title}")`).count()).toBe(1);
  expect(await page.locator('svg[role="img"]').count()).toBe(3);
  expect(await page.locator('details').count()).toBe(7);
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(await page.locator('script, link, img, iframe, object').count()).toBe(0);
});

test('models are a table of what each was asked, gained and took; where one proposer is all there is, none', async () => {
  const { page } = await opened(reportOf());
  const table = page.locator('[aria-label="What models came to"]');
  expect(await table.locator('tbody tr').allInnerTexts()).toEqual(
    ['large', 'small'].map((name) => [name, '40', '7', '0.75', '12,345', '678', '0.25'].join('\t')),
  );
  const without = await opened(reportOf({ models: [] }));
  expect(await without.page.locator('h2:text-is("Models")').count()).toBe(0);
});

test('the line of the search ends above that of the control, and the tree has each program that was kept', async () => {
  const { page } = await opened(reportOf());
  const heights = await page.evaluate<readonly number[]>(`['candidate-line', 'baseline-line'].map((look) =>
    Math.min(...[...document.querySelectorAll('section:first-of-type svg .' + look)]
      .filter((line) => line.getAttribute('y1') !== '10').map((line) => line.getBoundingClientRect().top)))`);
  expect(heights[0]).toBeLessThan(heights[1] ?? 0);
  const kept = reportOf().lineage.filter(({ status }) => status !== 'failed').length;
  expect(await page.locator('svg[aria-labelledby^="lineage-tree"] circle').count()).toBe(kept);
  expect(await page.locator('svg[aria-labelledby^="archive"] rect').count()).toBe(18);
});

test.each([
  [360, 'light'],
  [768, 'dark'],
  [1_200, 'light'],
] as const)('at %d pixels, %s, nothing leaves the page', async (width, scheme) => {
  const { page } = await opened(reportOf(), width, scheme);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await page.evaluate(OUTSIDE)).toEqual([]);
});

test('a run that found nothing is a page all the same', async () => {
  const [first] = reportOf().lineage;
  const { page, complaints } = await opened(
    reportOf({
      ...{ is_better: false, control: null, promotion: null, evaluations: 0, best_line: [], archive: EMPTY_ARCHIVE },
      ...{ lineage: first === undefined ? [] : [first], curve: [{ evaluation: 0, score: null, best: -1 }] },
    }),
  );
  expect(await page.innerText('body')).toContain('No better program');
  expect(complaints).toEqual([]);
});

const EMPTY_ARCHIVE = { descriptors: ['length'], cells: [], coverage: 0, qd_score: 0 };

const HOSTILE =
  '</pre></style></svg><script>document.title="owned"</script><img src=x onerror="document.title=1">"\'`\u202E';

test('hostile texts of programs, names and reasons stay text', async () => {
  const report = reportOf();
  const diff = `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+${HOSTILE}\n`;
  const tests = report.promotion?.tests.map((each) => ({ ...each, reasons: [HOSTILE] })) ?? [];
  const { page, complaints, requests } = await opened({
    ...report,
    ...{ name: HOSTILE, task: HOSTILE, seed: HOSTILE, proposer: HOSTILE, selector: HOSTILE, objective: HOSTILE },
    ...{ promotion: { is_promoted: true, tests }, config: { [HOSTILE]: HOSTILE } },
    target: { file: HOSTILE, entry: HOSTILE },
    models: report.models.map((model) => ({ ...model, name: HOSTILE })),
    archive: { ...report.archive, descriptors: [HOSTILE, HOSTILE] },
    best_line: report.best_line.map((step) => ({ ...step, diff })),
  });
  expect(await page.title()).toContain('<script>');
  expect(await page.locator('script, img, iframe').count()).toBe(0);
  expect(await page.locator('pre').first().textContent()).toContain('</pre></style></svg><script>');
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
});
