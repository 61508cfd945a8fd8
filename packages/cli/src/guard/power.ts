/**
 * `bulkhead guard power`: how many cases an evaluation takes.
 */
import { DEFAULT_POLICY } from '@bulkhead/guard';
import { minimumDetectableDifference, pairedSampleSize, pairsUntilPromotion } from '@bulkhead/guard/statistics';
import { EXIT_OK } from '../exit-codes.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';

/** What is typed after it; shares from 0 to 1. */
export type PowerOptions = {
  readonly discordance: number;
  readonly delta: number;
  readonly alpha: number;
  readonly power: number;
  readonly n?: number;
  readonly json?: boolean;
};

const MARGINS = [0.005, 0.01, 0.02, 0.05, 0.1];
const CASES = 400;

/** Prints the figures. */
export async function powerVerb(options: PowerOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const { n = CASES, discordance, delta, alpha, power } = options;
    const cases = pairedSampleSize({ discordance, delta, alpha, power });
    const smallest = minimumDetectableDifference({ n, discordance, alpha, power });
    const margins = MARGINS.map((margin) => ({ margin, cases: casesForIdentical(margin) }));
    const { result, colors } = terminal;
    if (options.json === true) {
      const found = { discordance, delta, alpha, power, cases, n, minimum_detectable_difference: smallest };
      result(JSON.stringify({ ...found, identical_outputs: { alpha: DEFAULT_POLICY.alpha, margins } }));
      return EXIT_OK;
    }
    result(`cases to find a difference of ${percent(delta)}: ${cases}`);
    result(`smallest difference that ${n} cases find: ${percent(smallest)}`);
    result(colors.dim(`discordance ${percent(discordance)}, alpha ${percent(alpha)}, power ${percent(power)}`));
    result('');
    result('cases until identical outputs are let in, one-sided at ' + percent(DEFAULT_POLICY.alpha));
    const rows = margins.map((one) => [percent(one.margin), String(one.cases ?? 'never')]);
    for (const line of tableLines(['margin', 'cases'], rows, colors)) result(line);
    return EXIT_OK;
  });
}

function casesForIdentical(margin: number): number | null {
  const more = pairsUntilPromotion({
    onlyCandidate: 0,
    same: 1,
    onlyBaseline: 0,
    m: -margin,
    alpha: DEFAULT_POLICY.alpha,
  });
  return more === undefined ? null : 1 + more;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
