/**
 * A proposal of a repair, as the command line shows it.
 */
import type { RepairProposal } from '@bulkhead/evolve';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { diffColor } from '../diff-color.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Shows the patch as a result, and the evidence as talk. */
export function showProposal(
  { proposal, patch }: { readonly proposal: RepairProposal; readonly patch: string },
  terminal: Terminal,
): void {
  const { result, say, colors, talkColors } = terminal;
  for (const line of patch.trimEnd().split('\n')) result(diffColor(line, colors)(plain(line)));
  const { plugin, from, to, verdict, evidence } = proposal;
  const [failing, passing] = [objectOf(evidence['failing']), objectOf(evidence['passing'])];
  say('');
  say(`${plain(`${plugin} ${from.version} to ${to.version}`)}: ${verdictText(verdict, talkColors)}`);
  say(`  ${shown(failing['passed'])} failing calls pass, ${shown(failing['hidden'])} of them hidden`);
  const stay = Number(passing['visible']) + Number(passing['hidden']);
  say(`  ${stay} calls that must stay do, ${shown(passing['hidden'])} of them hidden`);
  const comparisons = evidence['comparisons'];
  for (const one of Array.isArray(comparisons) ? comparisons : []) say(`  ${plain(comparisonText(objectOf(one)))}`);
}

function verdictText(verdict: RepairProposal['verdict'], { green, yellow }: Terminal['talkColors']): string {
  return verdict === 'adopt' ? green('adopt') : yellow('inconclusive, there was too little to compare on');
}

function comparisonText({ tools, answers, verdict, cases, changed }: JsonObject): string {
  const names = Array.isArray(tools) ? tools.map(shown).join(', ') : '';
  const held = answers === 'same' ? 'answers as before' : `valid answers, ${shown(changed)} of them changed`;
  return `guard on ${shown(cases)} cases of ${names}: ${shown(verdict)}, ${held}`;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function shown(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? 0);
}
