import { expect, test } from 'vitest';
import * as examples from '../../../../../examples/guard/tasks.ts';
import type { Task } from '../task.ts';
import { failedOf, judgeAll, type Solve } from './judge-all.fixture.ts';

const TASKS: readonly (readonly [folder: string, task: Task])[] = [
  ['sort', examples.SORT],
  ['top-k', examples.TOP_K],
  ['json-parser', examples.JSON_PARSER],
  ['ranking', examples.RANKING],
  ['prompt-pair', examples.PROMPT_PAIR],
];

async function exampleOf(folder: string, name: string): Promise<Solve> {
  const module = (await import(`../../../../../examples/guard/${folder}/${name}.ts`)) as { solve: Solve };
  return module.solve;
}

test.each(TASKS)('%s: the baseline and the faster one pass all of 400 cases', async (folder, task) => {
  for (const name of ['baseline', 'faster']) {
    const judged = await judgeAll(task, await exampleOf(folder, name));
    expect(judged.filter(({ grade }) => grade !== 'passed')).toEqual([]);
  }
});

test.each(TASKS)('%s: every property and relation is really asked', async (folder, task) => {
  const judged = await judgeAll(task, await exampleOf(folder, 'faster'));
  const held = judged.flatMap(({ checks }) => checks.filter(({ state }) => state === 'held').map(({ name }) => name));
  const names = [...task.properties, ...task.relations].map(({ name }) => name);
  expect(names.filter((name) => !held.includes(name))).toEqual([]);
});

test.each(TASKS)('%s: the wrong one fails, and the task is not to blame', async (folder, task) => {
  const judged = await judgeAll(task, await exampleOf(folder, 'wrong'));
  expect(failedOf(judged)).not.toEqual([]);
  expect(judged.flatMap(({ faults }) => faults)).toEqual([]);
});

test('the prompts that stand for a model differ in length alone: a soft property and a metric see it', async () => {
  const shortOf = async (name: string) => {
    const judged = await judgeAll(examples.PROMPT_PAIR, await exampleOf('prompt-pair', name));
    return judged.flatMap(({ checks }) => checks.filter((check) => check.name === 'short').map(({ state }) => state));
  };
  expect(new Set(await shortOf('baseline'))).toEqual(new Set(['violated']));
  expect(new Set(await shortOf('faster'))).toEqual(new Set(['held']));
});
