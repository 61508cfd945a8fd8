/**
 * A proposal for people, as Markdown. What plugins and models wrote stands in code spans and fences, where it can mark up nothing.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { fenceFor } from '../edits/fences.ts';
import type { RepairProposal } from './proposal.ts';

/** Writes it. */
export function renderProposal(proposal: RepairProposal, patch: string): string {
  const {
    plugin,
    from,
    to,
    verdict,
    evidence,
    candidates,
    file,
    reason,
    tier,
    seed,
    backend,
    created_at: at,
  } = proposal;
  return [
    `# Repair of ${plugin} ${from.version}`,
    '',
    `Proposed as ${to.version}, ${at}: ${span(file)} is changed. Nothing is applied until somebody accepts it.`,
    ...(reason === '' ? [] : ['', `It failed: ${span(reason)}`]),
    '',
    '## Evidence',
    '',
    ...evidenceLines(evidence, verdict),
    '',
    `Backend ${span(backend)}, seed ${seed}, tier ${tier}. What was judged has the digest ${span(to.digest)}.`,
    '',
    '## Candidates',
    '',
    ...candidates.map(candidateLine),
    '',
    '## Patch',
    '',
    fenced(patch, 'diff'),
    '',
  ].join('\n');
}

function evidenceLines(evidence: JsonObject, verdict: string): readonly string[] {
  const [failing, passing] = [objectOf(evidence['failing']), objectOf(evidence['passing'])];
  const comparisons = Array.isArray(evidence['comparisons']) ? evidence['comparisons'] : [];
  return [
    `- ${text(failing['passed'])} calls that failed are answered as expected, ${text(failing['hidden'])} of them were hidden.`,
    `- ${Number(passing['visible']) + Number(passing['hidden'])} calls that must stay are answered as before, ${text(passing['hidden'])} of them were hidden.`,
    `- ${text(evidence['left'])} calls could not be judged.`,
    ...comparisons.map((one: JsonValue) => comparisonLine(objectOf(one))),
    `- Verdict: **${verdict}**${verdict === 'adopt' ? '' : ', because there was too little to compare on'}.`,
  ];
}

function comparisonLine({ tools, answers, verdict, cases, changed, reasons }: JsonObject): string {
  const names = Array.isArray(tools) ? tools.map((tool) => span(text(tool))).join(', ') : '';
  const held =
    answers === 'same'
      ? 'the answers are those of before'
      : `the answers are valid, and ${text(changed)} are others than before, since the tool answered wrongly`;
  const why = Array.isArray(reasons) ? reasons.map((reason) => span(text(reason))).join('; ') : '';
  return `- Guard on ${text(cases)} cases of ${names}: ${text(verdict)}; ${held}. ${why}`;
}

function candidateLine({ evaluation, file, at, reason }: JsonObject): string {
  const where = file === undefined ? '' : ` of ${span(text(file))}`;
  const why = text(reason) === '' ? '' : `: ${span(text(reason))}`;
  return `${text(evaluation)}. Patch${where}, ${at === 'proved' ? 'proved' : `refused (${text(at)})`}${why}`;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function span(code: string): string {
  return `\`${code.replaceAll(/[`\r\n]/g, ' ')}\``;
}

function fenced(code: string, language: string): string {
  const mark = fenceFor(code);
  return `${mark}${language}\n${code}${code.endsWith('\n') ? '' : '\n'}${mark}`;
}
