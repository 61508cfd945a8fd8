/**
 * `bulkhead repair`: looks for a patch of a plugin that fails, in a host of its own, and leaves a proposal. Nothing is applied.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  readProposal,
  repairPlugin,
  writeProposal,
  type ProvedRepair,
  type RepairOutcome,
  type RepairProgress,
} from '@bulkhead/evolve';
import { createHost, type Host } from '@bulkhead/host';
import type { Config } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { CLOCK } from '../guard/clock.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { chosenBackend, openModel } from '../open-model.ts';
import { findRepairCase, type RepairCase, type RepairTarget } from '../repair/repair-case.ts';
import { dataFolder, makeSealKey, nextProposal } from '../repair/repair-place.ts';
import { showProposal } from '../repair/show-proposal.ts';
import { explainEvolve } from '../repair/usage-codes.ts';
import { plain } from '../table.ts';
import type { Live, Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed after it. */
export type RepairOptions = RepairTarget & {
  readonly backend?: string;
  readonly evaluations?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly config?: string;
};

const SEED = 42;
const EVALUATIONS = 20;
const DIGEST_CHARACTERS = 12;

/** Repairs. @throws {UsageError} for what its user can mend; as `askAdmin` where a server is asked. */
export async function repair(options: RepairOptions, terminal: Terminal): Promise<number> {
  const config = await loadConfig({ flags: { grants: {} }, env: process.env, file: options.config });
  if (!config['repair.enabled']) throw disabled();
  const backend = options.backend ?? chosenBackend(config);
  const interrupt = listenForInterrupt();
  try {
    return await repairCase({ ...options, backend }, { config, terminal, signal: interrupt.signal });
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    return explainEvolve(error, terminal);
  }
}

function disabled(): UsageError {
  return new UsageError(
    'repairs are off: `repair.enabled` is false',
    'Set `repair.enabled = true` in bulkhead.toml, or BULKHEAD__REPAIR__ENABLED=true. A repair runs code that a model wrote, in the sandbox, and leaves a proposal; nothing is applied by itself.',
  );
}

type Surroundings = { readonly config: Config; readonly terminal: Terminal; readonly signal: AbortSignal };
type Asked = RepairOptions & { readonly backend: string };

async function repairCase(options: Asked, surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  const found = await findRepairCase(options);
  const outcome = await repaired(options, found, surroundings);
  if (outcome.kind === 'none') return sayNone(outcome, { options, terminal });
  return leave(outcome, { options, terminal });
}

async function repaired(options: Asked, found: RepairCase, surroundings: Surroundings): Promise<RepairOutcome> {
  const { config, terminal, signal } = surroundings;
  const { seed = SEED, evaluations = EVALUATIONS, backend } = options;
  await using model = await openModel(backend, { seed, config: async () => config, terminal });
  const { proposer } = model;
  const workFolder = await mkdtemp(join(tmpdir(), 'bulkhead-repair-'));
  const live = terminal.live();
  const done = terminal.progress(`running ${options.where} as it is`);
  try {
    await using host = await createHost({
      spareCount: 0,
      measured: 'lately',
      minTier: config['sandbox.min_tier'],
      untrustedMinTier: config['sandbox.untrusted_min_tier'],
    });
    await insistOnSameCode(host, found);
    const { digest: _digest, ...request } = found;
    return await repairPlugin(
      { ...request, seed, evaluations },
      {
        ...{ host, proposer, clock: CLOCK, workFolder, signal },
        didProgress: (progress) => tell(progress, { terminal, live, done }),
      },
    );
  } finally {
    done();
    live.end();
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** A patch of other code than that which fails would mend nothing. */
async function insistOnSameCode(host: Host, { folder, digest }: RepairCase): Promise<void> {
  if (digest === undefined) return;
  const published = await host.publish(folder);
  await host.uninstall(published.name);
  if (published.digest === undefined || published.digest === digest) return;
  const [there, here] = [digest, published.digest].map((text) => text.slice(0, DIGEST_CHARACTERS));
  throw new UsageError(
    `${folder} has the digest ${here}; the server runs ${there}`,
    'Bring the folder to the release that fails, or reload the plugin: bulkhead reload NAME.',
  );
}

type Telling = { readonly terminal: Terminal; readonly live: Live; readonly done: () => void };

function tell(progress: RepairProgress, { terminal: { say, talkColors }, live, done }: Telling): void {
  if (progress.kind === 'comparing') return live.show(`guard: ${progress.done} of ${progress.total} cases`);
  done();
  live.end();
  if (progress.kind === 'reproduced') {
    const { failing, passing, left } = progress;
    return say(`${failing} calls fail, ${passing} are as they should be, ${left} could not be judged`);
  }
  const { evaluation, file, at, reason } = progress.candidate;
  const where = file === undefined ? '' : ` of ${file}`;
  const word = at === 'proved' ? talkColors.green('proved') : talkColors.red(`refused (${at})`);
  say(`patch ${evaluation}${plain(where)}: ${word}${reason === '' ? '' : `, ${plain(reason)}`}`);
}

type Answering = { readonly options: Asked; readonly terminal: Terminal };

function sayNone(outcome: Extract<RepairOutcome, { readonly kind: 'none' }>, { options, terminal }: Answering): number {
  const { why, candidates, counts } = outcome;
  if (options.json === true) terminal.result(JSON.stringify({ outcome: 'none', why, counts, candidates }));
  else terminal.say(plain(why));
  return EXIT_FAILED;
}

async function leave(outcome: ProvedRepair, { options, terminal }: Answering): Promise<number> {
  const data = dataFolder(options.data);
  const key = await makeSealKey(data);
  const folder = options.out === undefined ? await nextProposal(data, outcome.original.name) : resolve(options.out);
  await writeProposal(outcome, { folder, key, backend: options.backend, now: Date.now() });
  const read = await readProposal(folder, key);
  if (options.json === true) {
    terminal.result(JSON.stringify({ outcome: 'proposal', folder, proposal: read.proposal }));
    return EXIT_OK;
  }
  showProposal(read, terminal);
  terminal.say(`left in ${plain(folder)}; nothing is applied`);
  const kept = options.data === undefined ? '' : ` --data ${options.data}`;
  terminal.say(terminal.talkColors.dim(plain(`Next: bulkhead repair accept ${folder}${kept}`)));
  return EXIT_OK;
}
