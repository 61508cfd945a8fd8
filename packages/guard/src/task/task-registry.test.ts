import { expect, test } from 'vitest';
import { defineTask } from './define-task.ts';
import { createTaskRegistry } from './task-registry.ts';

const task = (name: string) => defineTask({ name, generate: () => [] });

test('[X002-1] a task is found by its name, and all are listed by name', () => {
  const registry = createTaskRegistry();
  const [sort, reverse] = [task('sort'), task('reverse')];
  registry.register(sort);
  registry.register(reverse);
  expect(registry.get('sort')).toBe(sort);
  expect(registry.list()).toEqual([reverse, sort]);
});

test('[X002-1] a name that is taken is refused, and the first stays', () => {
  const registry = createTaskRegistry();
  const first = task('x');
  registry.register(first);
  expect(() => registry.register(task('x'))).toThrow(
    expect.objectContaining({
      code: 'TASK_EXISTS',
      message: expect.stringMatching(/^Task 'x' already registered\. Use overwrite=True/) as string,
    }),
  );
  expect(registry.get('x')).toBe(first);
});

test('[X002-1] it is replaced where the caller says so', () => {
  const registry = createTaskRegistry();
  registry.register(task('x'));
  const second = task('x');
  registry.register(second, { overwrite: true });
  expect(registry.list()).toEqual([second]);
  expect(registry.get('x')).toBe(second);
});

test('[X002-1] a name that nobody has is refused with those that there are', () => {
  const registry = createTaskRegistry();
  expect(() => registry.get('x')).toThrow(
    expect.objectContaining({ code: 'TASK_NOT_FOUND', message: "Task 'x' not found in registry. Available: []" }),
  );
  registry.register(task('b'));
  registry.register(task('a'));
  expect(() => registry.get('x')).toThrow("Task 'x' not found in registry. Available: ['a', 'b']");
});
