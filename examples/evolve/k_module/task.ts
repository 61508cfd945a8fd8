/**
 * Which choice of each module is right. It is for the judge alone: candidates see the name of a module, and nothing of the answer.
 */
import { defineTask } from '@bulkhead/guard';

const RIGHT: Readonly<Record<string, string>> = {
  loader: 'parquet',
  cleaner: 'trim',
  sorter: 'quick',
  writer: 'json',
};

/** One case for each module, over and over. */
export const PIPELINE = defineTask<[module: string], string>({
  name: 'pipeline',
  generate: (n) => {
    const modules = Object.keys(RIGHT);
    return Array.from({ length: n }, (_, at): [string] => [modules[at % modules.length] ?? '']);
  },
  properties: [{ name: 'the right choice', check: (out, module) => out === RIGHT[module] }],
});
