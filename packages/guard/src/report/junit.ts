/**
 * A report as JUnit XML, as servers of continuous integration read it: a suite for each kind of thing that may go wrong, and the decision
 * as one of its own. Soft properties never fail a build.
 */
import { alertsOf } from './evidence-of.ts';
import {
  countText,
  countedCases,
  monitorWords,
  pointsIntervalText,
  pointsText,
  probabilityText,
} from './plain-figures.ts';
import type { CheckCoverage, Report } from './report.ts';

/**
 * The file.
 *
 * @returns XML 1.0, UTF-8; characters that XML may not hold are left out.
 * @public
 */
export function renderJunit(report: Report): string {
  const suites: readonly Suite[] = [
    { name: 'properties', cases: checkCases(report, 'property') },
    { name: 'relations', cases: checkCases(report, 'relation') },
    { name: 'monitors', cases: report.monitors.map(monitorCase) },
    { name: 'decision', cases: [decisionCase(report)] },
  ];
  const all = suites.flatMap(({ cases }) => cases);
  const seconds = (report.timing.duration_ms / 1_000).toFixed(3);
  const body = suites.map((suite) => suiteXml(suite, report)).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${attributes({ name: `guard ${report.task}`, ...countsOf(all), time: seconds })}>\n${body}</testsuites>\n`;
}

/** A text as it may stand between tags and in quotes. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(ILLEGAL, '')
    .replace(/[&<>"'\n\r\t]/g, (character) => `&#${character.codePointAt(0) ?? 32};`);
}

/** What XML 1.0 (section 2.2) has no place for, not even as a reference; controls of Latin-1, which it discourages; and what turns the direction of reading. */
const ILLEGAL = /(?![\t\n\r])\p{Cc}|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu;

/** Characters of an attribute and of a body. */
const MESSAGE_MAX = 500;
const BODY_MAX = 10_000;

type Ended = { readonly kind: 'failure' | 'skipped'; readonly message: string; readonly body: string };
type TestCase = { readonly name: string; readonly ended: Ended | undefined };
type Suite = { readonly name: string; readonly cases: readonly TestCase[] };

function checkCases({ relation_coverage, flips }: Report, kind: CheckCoverage['kind']): readonly TestCase[] {
  return relation_coverage.filter((check) => check.kind === kind).map((check) => checkCase(check, flips));
}

/** Fails where the candidate breaks it more often than the baseline; what both break is reported and held against nobody. */
function checkCase(check: CheckCoverage, flips: Report['flips']): TestCase {
  const { name, mode, baseline, candidate } = check;
  if (baseline.held + baseline.violated + candidate.held + candidate.violated === 0)
    return { name, ended: { kind: 'skipped', message: 'it was asked on no case', body: '' } };
  if (mode === 'soft' || candidate.violated <= baseline.violated) return { name, ended: undefined };
  const message = `the candidate breaks it on ${candidate.violated} cases, the baseline on ${baseline.violated} (q ${probabilityText(check.q)})`;
  const broken = flips.filter((flip) => flip.kind === 'pass_to_fail' && flip.broken.includes(name));
  const body = broken.map(({ case_id, args, candidate: answered }) => `${case_id}: ${args}\n  answered ${answered}`);
  return { name, ended: { kind: 'failure', message, body: body.join('\n') } };
}

function monitorCase(monitor: Report['monitors'][number]): TestCase {
  const { status, lines } = monitorWords(monitor);
  const name = monitor.id;
  if ('failed' in monitor) return { name, ended: { kind: 'skipped', message: lines.join('; '), body: '' } };
  if (status === 'nodata') return { name, ended: { kind: 'skipped', message: 'too little was seen', body: '' } };
  const blocks = alertsOf(monitor).some(({ severity }) => severity === 'block');
  if (!blocks && status !== 'alert') return { name, ended: undefined };
  return { name, ended: { kind: 'failure', message: lines[0] ?? status, body: lines.join('\n') } };
}

function decisionCase(report: Report): TestCase {
  const { verdict, reason, reasons } = report.decision;
  if (verdict === 'adopt') return { name: 'adopt', ended: undefined };
  const figures = `difference ${pointsText(report.delta_pass_rate)} (${pointsIntervalText(report.delta_ci)}) over ${countText(countedCases(report))} cases`;
  return {
    name: 'adopt',
    ended: { kind: 'failure', message: `${verdict}: ${reason}`, body: [...reasons, figures].join('\n') },
  };
}

function suiteXml({ name, cases }: Suite, report: Report): string {
  const head = attributes({ name, ...countsOf(cases), timestamp: report.timing.started_at });
  const body = cases.map((testCase) => caseXml(testCase, `${report.task}.${name}`)).join('');
  return `  <testsuite ${head}>\n${propertiesXml(report)}${body}  </testsuite>\n`;
}

function propertiesXml({ seed, hashes, spec_fingerprint, job_metadata, decision, replay }: Report): string {
  const properties = {
    seed: String(seed),
    baseline_sha256: hashes.baseline,
    candidate_sha256: hashes.candidate,
    spec_fingerprint,
    run_id: job_metadata.run_id,
    policy: decision.provenance.policy,
    verdict: decision.verdict,
    ...(replay.cases_sha256 === null ? {} : { cases_sha256: replay.cases_sha256 }),
  };
  const rows = Object.entries(properties).map(
    ([name, value]) => `      <property ${attributes({ name, value: value })}/>\n`,
  );
  return `    <properties>\n${rows.join('')}    </properties>\n`;
}

function caseXml({ name, ended }: TestCase, classname: string): string {
  const head = attributes({ classname, name, time: '0' });
  if (ended === undefined) return `    <testcase ${head}/>\n`;
  const { kind, message, body } = ended;
  const shown = attributes({
    message,
    ...(kind === 'failure' ? { type: 'guard' } : {}),
  });
  return `    <testcase ${head}>\n      <${kind} ${shown}>${escapeXml(body.slice(0, BODY_MAX))}</${kind}>\n    </testcase>\n`;
}

function countsOf(cases: readonly TestCase[]): Readonly<Record<string, string>> {
  const ended = (kind: Ended['kind']): string =>
    String(cases.filter((testCase) => testCase.ended?.kind === kind).length);
  return { tests: String(cases.length), failures: ended('failure'), errors: '0', skipped: ended('skipped') };
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(value.slice(0, MESSAGE_MAX))}"`)
    .join(' ');
}
