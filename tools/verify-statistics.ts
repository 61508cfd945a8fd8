/**
 * Runs the statistics of guard in made-up worlds and says whether they keep their promises there: the validation of EVIDENCE 2.14.
 * `npm run verify:statistics -- [--runs N] [--seed TEXT] [--json]`; exits 1 where a band does not hold.
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../packages/guard/src/statistics/random.ts';
import { verifyDecisions } from '../packages/guard/src/decision/simulation/verify-decisions.ts';
import { verifyMonitors } from '../packages/guard/src/monitors/simulation/verify-monitors.ts';
import { formatJson, formatReport, holds } from '../packages/guard/src/statistics/simulation/report.ts';
import { RUNS, verifyStatistics } from '../packages/guard/src/statistics/simulation/verify.ts';

const options = parseOptions();
if (options === undefined) process.exitCode = 2;
else verify(options);

type Options = { readonly runs: number; readonly seed: string; readonly json: boolean };

/** What is asked for, or undefined after saying what is wrong with it. */
function parseOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: { runs: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
    });
    const { runs = String(RUNS), seed = '1', json = false } = values;
    if (!/^[1-9]\d{0,8}$/.test(runs)) throw new Error(`--runs is ${runs}; expected a whole number from 1 to 999999999`);
    return { runs: Number(runs), seed, json };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

function verify({ runs, seed, json }: Options): void {
  const worlds = { runs, chanceOf: (name: string) => createRandom(`${seed} ${name}`).next };
  console.error(`the statistics, in ${runs} made-up worlds each ...`);
  const ofStatistics = verifyStatistics(worlds);
  console.error('the monitors, which takes longer ...');
  const ofMonitors = verifyMonitors(worlds);
  console.error('and the decisions of policies ...');
  const rows = [...ofStatistics, ...ofMonitors, ...verifyDecisions(worlds)];
  console.log(json ? formatJson(rows) : formatReport(rows));
  if (!rows.every(holds)) process.exitCode = 1;
}
