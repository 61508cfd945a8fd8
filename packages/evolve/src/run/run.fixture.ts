/**
 * For tests: a small run of choices, as a folder would have it.
 */
import { defineTask } from '@bulkhead/guard';
import type { JsonObject } from '@bulkhead/protocol';
import { createChoices } from '../mutation/stand-ins/choices.ts';
import type { RunParts } from './open-run.ts';
import type { RunHead } from './run-folder.ts';

/** Arguments that no source and no prompt has by chance. */
export const SECRETS = ['hidden-case-0451', 'hidden-case-1337', 'hidden-case-2600'] as const;

/** Two choices, both wrong. */
export const SOURCE = `const PLAN: Record<string, string> = {
  left: 'a', // one of 'a' | 'b' | 'c'
  right: 'a', // one of 'a' | 'b' | 'c'
};

export function solve(part: string): string {
  return (part.startsWith('hidden') ? PLAN.left + PLAN.right : PLAN[part]) ?? '';
}
`;

/** Both are to be c; the arguments are told to nobody. */
export const TASK = defineTask<[part: string], string>({
  name: 'plan',
  generate: (n) => Array.from({ length: n }, (_, at): [string] => [SECRETS[at % 3] ?? '']),
  properties: [
    { name: 'the left is right', check: (out) => out.startsWith('c') },
    { name: 'all is right', mode: 'soft', check: (out) => out === 'cc' },
  ],
  metrics: [{ name: 'right', extract: (out) => out.split('').filter((letter) => letter === 'c').length }],
});

/** A head with these tables. */
export function headOf(tables: JsonObject = {}): RunHead {
  const config: JsonObject = {
    ...{ target: { file: 'plan.ts' }, task: { use: 'plan', cases: 3 }, llm: { backend: 'choices' } },
    ...{ evolve: { evaluations: 12, seed: 5 }, mutation: { diff: 1, full: 0, cross: 0 } },
    ...{ cascade: [], promotion: { cases: 16 }, ...tables },
  };
  const about = { kind: 'bulkhead.evolve.run', schema_version: 1, name: 'plan', config_folder: '/' } as const;
  return { ...about, config, file_name: 'plan.ts' };
}

/** Parts with the machine's clock, who proposes by chance, and a host. */
export function partsOf(host: RunParts['host']): RunParts {
  return { host, task: TASK, openProposer: async () => createChoices(), clock: CLOCK };
}

const CLOCK: RunParts['clock'] = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};
