/**
 * The JSON Schema (draft 2020-12) of report.json, for whoever reads reports of runs with other programs. It is published as
 * packages/evolve/run-report.schema.json. Keys that it does not name are allowed: a report may grow without a new version.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { RUN_REPORT_VERSION } from './run-report.ts';

const text = (description: string): JsonObject => ({ type: 'string', description });
const number = (description: string): JsonObject => ({ type: 'number', description });
const count = (description: string): JsonObject => ({ type: 'integer', minimum: 0, description });
const flag = (description: string): JsonObject => ({ type: 'boolean', description });
const orNull = (description: string): JsonObject => ({ type: ['number', 'null'], description });
const list = (description: string, items: JsonObject): JsonObject => ({ type: 'array', description, items });
const object = (description: string, properties: JsonObject): JsonObject => ({
  ...{ type: 'object', description, properties },
  required: Object.keys(properties),
});
const nullable = (schema: JsonObject): JsonObject => ({ anyOf: [schema, { type: 'null' }] });

const usage = object('What proposals took.', {
  input_tokens: count('Tokens of what was asked.'),
  output_tokens: count('Tokens of what was answered.'),
  cost_usd: number('US dollars; 0 where nobody knows.'),
});
const models = list('Models of the search; none where one proposer is all there is.', {
  ...object('A model.', {
    ...{ name: text('Its name.'), submitted: count('Evaluations that it was asked for.') },
    ...{ answered: count('Those that are done.'), improved: count('Those with a gain.') },
    gain: number('Sum of gains over the better of the parent and the first program.'),
    usage,
  }),
});
const curve = list('The best score after each evaluation.', {
  ...object('An evaluation.', {
    evaluation: count('Its number; 0 is the first program.'),
    score: orNull('What the program is ranked by; null where there is none.'),
    best: number('The best until then.'),
  }),
});
const side = object('A side on fresh cases.', {
  pass_rate: orNull('Passes over cases that counted.'),
  p50_ms: orNull('Median time of its runs.'),
});
const promotion = object('Winners against the first program on fresh cases, best first.', {
  is_promoted: flag('Whether one takes its place.'),
  tests: list('Each comparison.', {
    ...object('A comparison.', {
      id: text('The program.'),
      verdict: { enum: ['adopt', 'reject', 'inconclusive'], description: 'What guard says.' },
      reasons: list('Why, the most important first.', text('A sentence.')),
      better: count('Cases in which it is better.'),
      same: count('Cases in which neither is.'),
      worse: count('Cases in which the first program is.'),
      level: number('Of the test, by e-LOND.'),
      log_e: number('Natural logarithm of the evidence; enough is 1 over the level.'),
      is_promoted: flag('Whether it takes the first program’s place.'),
      first: side,
      winner: side,
    }),
  }),
});

/**
 * The schema.
 *
 * @public
 */
export const RUN_REPORT_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Report of a run of evolution',
  ...object('What `bulkhead evolve run` writes as report.json.', {
    schema_version: { const: RUN_REPORT_VERSION, description: 'Of this shape.' },
    name: text('The folder of its configuration.'),
    seed: { type: ['number', 'string'], description: 'What all that was drawn follows from.' },
    target: object('What was evolved.', { file: text('The file.'), entry: text('The function.') }),
    ...{ task: text('The judge’s task.'), objective: text('pass_rate, speed or metric:NAME.') },
    ...{ proposer: text('Who proposed; llm for models of the host.'), selector: text('Who chose parents.') },
    best: object('The best program.', {
      ...{ id: text('Its id.'), score: number('What it is ranked by.'), evaluation: count('That made it.') },
      ...{
        generation: count('Steps from the first.'),
        source_sha256: text('Of its text.'),
        file: text('It, in the folder.'),
      },
      measures: { type: 'object', additionalProperties: { type: 'number' }, description: 'What else was measured.' },
    }),
    start: object('The first program.', { id: text('Its id.'), score: number('What it is ranked by.') }),
    ...{ is_better: flag('Whether the best has a higher score.'), evaluations: count('Beside the first program.') },
    ended: { enum: ['evaluations', 'target', 'no_improve', 'budget', 'time'], description: 'Why.' },
    ...{ lineage_hash: text('SHA-256 of all evaluations; the same for the same seed.'), usage, models },
    control: nullable(
      object('The best of as many children of the first program alone.', {
        ...{
          best: number('Its score.'),
          evaluations: count('How many.'),
          lineage_hash: text('Its own.'),
          usage,
          curve,
        },
      }),
    ),
    ...{ promotion: nullable(promotion), promotion_enabled: flag('Whether one was asked for.') },
    archive: object('Programs by what they are like.', {
      descriptors: list('In the order of bins.', text('A name.')),
      cells: list('That have a program.', {
        ...object('A cell.', {
          bins: list('Its place.', { type: 'integer', description: 'A bin.' }),
          ...{ score: number('Of its program.'), id: text('Its program.') },
        }),
      }),
      coverage: orNull('Share of all cells; null where they have no end.'),
      qd_score: number('Sum of scores.'),
    }),
    curve,
    best_line: list('From the first program to the best.', {
      ...object('A step.', {
        ...{ id: text('The program.'), evaluation: count('That made it.'), score: orNull('Its score.') },
        diff: text('What was changed.'),
      }),
    }),
    lineage: list('Every evaluation in order.', { type: 'object', description: 'A commit.' }),
    estimate: { type: 'object', description: 'What it might have taken at the worst.' },
    config: { type: 'object', description: 'The tables as they were given.' },
    timing: object('All that differs between runs of one seed.', { elapsed_ms: number('Of all its processes.') }),
  }),
};
