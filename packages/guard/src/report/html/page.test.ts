import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { browserPath } from '../../../../../tools/browser.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenSide, pairOf, pairsOf, poisoned, reportOf, sideOf } from '../report.fixture.ts';
import type { Report } from '../report.ts';
import { renderHtml } from './page.ts';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-page-'));
  browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

type Opened = { readonly page: Page; readonly complaints: readonly string[]; readonly requests: readonly string[] };
type Look = { readonly width?: number; readonly scheme?: 'light' | 'dark' };

/** The page of a report in a browser without a network. */
async function opened(report: Report, { width = 1_200, scheme = 'light' }: Look = {}): Promise<Opened> {
  const path = join(folder, 'report.html');
  await writeFile(path, renderHtml(report));
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, offline: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints, requests: requests.slice(0) };
}

const REGRESSION = {
  case_id: 'case-00099',
  kind: 'property',
  broken: 'sorted',
  message: '3 stands before 1',
  args: '[[99,3,1]]',
  smallest: '[[1,0]]',
} as const;

/** One with something in every section. */
function fullReport(): Report {
  const pairs = [
    ...pairsOf(399, { worse: 2 }),
    pairOf(399, { cluster: 'case-00001', flaky: ['candidate'], candidate: brokenSide() }),
    pairOf(400, { candidate: sideOf({ grade: 'unrun', sandbox_failures: 1 }) }),
  ];
  const fault = 'property "sorted": out is null';
  return reportOf(
    { pairs, regressions: [REGRESSION] },
    {
      faults: [fault],
      llm_metrics: { tokens: 12 },
      trust_scores: { judge: 1 },
      adaptive: { ...LOOKS, kind: 'adaptive' },
      sequential: { ...LOOKS, kind: 'every_pair' },
    },
  );
}

const LOOKS = { planned: false, planned_cases: 401, cases_done: 401, cases_at: [], stopped_for: null } as const;

/** Contrast of each text that is seen with what is behind it, as WCAG computes it; the lowest first. */
const CONTRASTS = `(() => {
  const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const numbers = (color) => color.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''));
  return texts.filter((element) => !['title', 'desc'].includes(element.tagName)).map((element) => {
    const style = getComputedStyle(element);
    const [one, other] = [luminance(numbers(element.closest('svg') ? style.fill : style.color)), luminance(behind(element))];
    return { contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), text: element.textContent.slice(0, 40) };
  }).sort((one, other) => one.contrast - other.contrast);
})()`;

/** Things that stand out of the page to the right or left, other than in frames that scroll. */
const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element.closest('.scroll, pre, .skip, title, desc') !== null && !element.matches('.scroll, pre');
  return [...document.querySelectorAll('body *')].filter((element) => !scrolls(element)).filter((element) => {
    const { left, right, width: own } = element.getBoundingClientRect();
    return own > 0 && (left < -0.5 || right > width + 0.5);
  }).map((element) => element.tagName + ' ' + element.textContent.slice(0, 40));
})()`;

/** Tables that are not made to scroll and do not fit. */
const CUT = `[...document.querySelectorAll('.scroll:not(.wide)')].filter((frame) => frame.scrollWidth > frame.clientWidth).map((frame) => frame.textContent.slice(0, 40))`;

test('the page says all that the report says, without script, network or complaint', async () => {
  const { page, complaints, requests } = await opened(fullReport());
  const text = await page.innerText('body');
  for (const part of [
    'Reject',
    'sort',
    '3 stands before 1',
    'Confidence sequence',
    'bar −2 points',
    'pass → fail',
    'fail → pass',
    'permute',
    'latency',
    'it stopped working',
    'tokens',
    'bulkhead guard replay',
    'a1'.repeat(32),
    'case-00399 answered otherwise',
    'out is null',
    'seed 42',
  ])
    expect(text).toContain(part);
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(await page.locator('script, link, img, iframe, object').count()).toBe(0);
  expect(await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')).toBe(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
  );
});

test.each([
  [360, 'light'],
  [360, 'dark'],
  [768, 'light'],
  [1_200, 'light'],
  [1_200, 'dark'],
] as const)('at %d pixels, %s, nothing leaves the page and every text is read easily', async (width, scheme) => {
  const { page } = await opened(fullReport(), { width, scheme });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  expect(await page.evaluate(OUTSIDE)).toEqual([]);
  expect(await page.evaluate(CUT)).toEqual([]);
  const [lowest] = await page.evaluate<readonly { readonly contrast: number; readonly text: string }[]>(CONTRASTS);
  expect(lowest?.contrast).toBeGreaterThanOrEqual(4.5);
});

test('headings are in order, landmarks are there, tables have captions and pictures have words', async () => {
  const { page } = await opened(fullReport());
  const levels = await page.evaluate<readonly number[]>(
    `[...document.querySelectorAll('h1,h2,h3')].map((each) => Number(each.tagName[1]))`,
  );
  expect(levels[0]).toBe(1);
  expect(levels.filter((level) => level === 1)).toHaveLength(1);
  for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? level)).toBeLessThanOrEqual(1);
  for (const landmark of ['header', 'main', 'footer']) expect(await page.locator(landmark).count()).toBe(1);
  const [tables, captions] = [await page.locator('table').count(), await page.locator('table > caption').count()];
  expect([captions > 5, captions]).toEqual([true, tables]);
  const pictures = page.locator('svg[role=img]');
  expect(await pictures.count()).toBe(3);
  expect(await page.locator('svg > title').count()).toBe(3);
  expect(await page.getByRole('img', { name: /Intervals of the difference.*bar is −2 points/ }).count()).toBe(1);
  expect(
    await page.evaluate(
      `(() => { const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id); return ids.length - new Set(ids).size; })()`,
    ),
  ).toBe(0);
});

test('flips from pass to fail stand first in their table', async () => {
  const { page } = await opened(fullReport());
  const changes = await page.locator('section[aria-labelledby=flips] tbody tr td:nth-child(2)').allInnerTexts();
  const firstGain = changes.indexOf('fail → pass');
  expect(changes.slice(0, firstGain).every((change) => change === 'pass → fail')).toBe(true);
  expect(changes.slice(firstGain).every((change) => change === 'fail → pass')).toBe(true);
  expect(firstGain).toBeGreaterThan(0);
});

test('the interval of the decision stands where its figures say, beside the bar', async () => {
  const { page } = await opened(reportOf());
  const [decides, bar] = [
    await page.locator('svg line.decide').boundingBox(),
    await page.locator('svg line.bar').boundingBox(),
  ];
  expect(bar?.x).toBeLessThan(decides?.x ?? 0); // −2 points are below −1.83.
  expect(decides?.width).toBeGreaterThan(300);
});

test('a report without cases, monitors, metrics and checks is a page all the same', async () => {
  const report = reportOf({ pairs: [], monitors: [] }, { relation_coverage: [], metrics: [] });
  const { page, complaints } = await opened(report, { width: 360 });
  const text = await page.innerText('body');
  expect(text).toContain('No case counted');
  expect(text).toContain('No run succeeded');
  expect(text).not.toMatch(/NaN|undefined|Infinity|null/);
  expect(complaints).toEqual([]);
});

const HOSTILE = {
  tags: '</script></style></title><script>document.title="owned"</script><img src=x onerror=alert(1)>',
  quotes: `"'\`><svg onload=alert(1)> onmouseover="alert(1)`,
  directions: 'safe\u202Etxt.exe\u2066\u200B\u0000\u0007\u001B[31m',
  surrogates: '\uD800 and \uDFFF',
  entities: '&lt;script&gt; &#60;b&#62; <!-- --> ]]> ${7*7} {{7*7}}',
};

test.each(Object.entries(HOSTILE))('hostile %s in every place stay text', async (_name, hostile) => {
  const clean = await opened(fullReport(), { width: 360 });
  const count = `document.querySelectorAll('*').length - document.querySelectorAll('dl.facts ~ *').length`;
  const elements = await clean.page.evaluate(count);
  const report = fullReport();
  // A policy that is none has no bar in the picture; its name stands in the decision as well.
  const poisonedReport = { ...poisoned(report, hostile), policy: report.policy };
  const { page, complaints, requests } = await opened(poisonedReport, { width: 360 });
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(await page.evaluate(count)).toBe(elements);
  expect(await page.locator('script, img, iframe, [onload], [onerror], [onmouseover]').count()).toBe(0);
  expect(await page.title()).not.toBe('owned');
  const text = await page.innerText('body');
  expect(text).not.toMatch(/(?![\n\t])\p{Cc}|[\u200B\u202E\u2066]/u);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  expect(await page.evaluate(OUTSIDE)).toEqual([]);
});

test('a text of a million characters in every place makes a page of bounded size that does not break', async () => {
  const report = poisoned(fullReport(), 'W'.repeat(1_000_000));
  expect(renderHtml(report).length).toBeLessThan(1_500_000);
  const { page, complaints } = await opened(report, { width: 360 });
  expect(complaints).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  expect(await page.innerText('h1')).toMatch(/^W{120}…/);
});
