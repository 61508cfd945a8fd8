import fc from 'fast-check';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { escapeXml, renderJunit } from './junit.ts';
import { brokenSide, pairOf, pairsOf, poisoned, reportOf, sideOf } from './report.fixture.ts';

let browser: Browser;
let page: Page;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage();
});
afterAll(() => browser.close());

type Suite = { readonly name: string; readonly tests: number; readonly failures: number; readonly seed: string };
type Read = {
  readonly error: string;
  readonly suites: readonly Suite[];
  readonly messages: readonly string[];
  readonly bodies: readonly string[];
};

/** The file as a parser of XML has it: one of a browser. */
function read(xml: string): Promise<Read> {
  return page.evaluate<Read>(
    `((xml) => {
      const found = new DOMParser().parseFromString(xml, 'application/xml');
      const all = (name) => [...found.getElementsByTagName(name)];
      return {
        error: all('parsererror').map((each) => each.textContent).join(),
        suites: all('testsuite').map((suite) => ({
          name: suite.getAttribute('name'),
          tests: Number(suite.getAttribute('tests')),
          failures: Number(suite.getAttribute('failures')),
          seed: suite.querySelector('properties > property[name=seed]').getAttribute('value'),
        })),
        messages: all('failure').map((each) => each.getAttribute('message')),
        bodies: all('failure').map((each) => each.textContent),
      };
    })(${JSON.stringify(xml)})`,
  );
}

test('a good report is a suite for each kind, with its seed and hashes, and no failure [X002-16]', async () => {
  const report = reportOf({ pairs: pairsOf(400, { worse: 0 }), monitors: [] });
  const { error, suites, messages } = await read(renderJunit(report));
  expect(error).toBe('');
  expect(suites).toEqual([
    { name: 'properties', tests: 2, failures: 0, seed: '42' },
    { name: 'relations', tests: 2, failures: 0, seed: '42' },
    { name: 'monitors', tests: 0, failures: 0, seed: '42' },
    { name: 'decision', tests: 1, failures: 0, seed: '42' },
  ]);
  expect(messages).toEqual([]);
  for (const hash of Object.values(report.hashes)) expect(renderJunit(report)).toContain(hash);
});

test('a check that the candidate breaks more often fails, with the cases; a soft one does not', async () => {
  const pairs = Array.from({ length: 20 }, (_, index) =>
    pairOf(
      index,
      index < 6 ? { candidate: brokenSide({ checks: 'vvhh' }) } : { candidate: sideOf({ checks: 'hvhh' }) },
    ),
  );
  const { suites, messages, bodies } = await read(renderJunit(reportOf({ pairs, monitors: [] })));
  expect(suites.map(({ failures }) => failures)).toEqual([1, 0, 0, 1]);
  expect(messages[0]).toBe('the candidate breaks it on 6 cases, the baseline on 0 (q 0.0312)');
  expect(bodies[0]?.split('\n').slice(0, 2)).toEqual(['case-00000: [[0,3,1]]', '  answered [3,1]']);
  expect(messages[1]).toMatch(/^(reject|inconclusive): after 20 cases/);
});

test('a monitor that alerts fails, one that broke or saw too little is skipped', async () => {
  const xml = renderJunit(reportOf());
  const { suites, messages } = await read(xml);
  expect(suites[2]).toMatchObject({ tests: 4, failures: 1 });
  expect(messages[0]).toContain('1.21 times as long');
  expect(xml.match(/<skipped /g)).toHaveLength(2);
});

test('any text in any place leaves XML that a parser reads, with the text in it', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('</failure>', ']]>', '"\'<&>', '\u0000\uFFFE\uD800\u202E', '\r\n\t'),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const { error, messages } = await read(renderJunit(poisoned(reportOf(), text)));
      expect(error).toBe('');
      for (const message of messages.slice(-1)) expect(message).toMatch(/^(?:[\t\n\r]|[^\p{Cc}\uFFFE\u202E])*$/u);
    }),
    { numRuns: 60 },
  );
});

test('what XML may not hold is left out, and the rest comes back as it was', () => {
  expect(escapeXml('a\u0000\u001Fb<&>"\'\n\uD800')).toBe('ab&#60;&#38;&#62;&#34;&#39;&#10;\uFFFD');
});

test('a text of a million characters in every place makes a file of bounded size', () => {
  expect(renderJunit(poisoned(reportOf(), '&'.repeat(1_000_000))).length).toBeLessThan(3_000_000);
});
