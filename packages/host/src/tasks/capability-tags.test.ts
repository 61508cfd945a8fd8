import { expect, test } from 'vitest';
import { CAPABILITY_TAGS, isCapabilityTag, missingTags, requiresKey, withImpliedTags } from './capability-tags.ts';

test.each([...Object.keys(CAPABILITY_TAGS), 'my-tool', 'my_tool', 'gcc13', 'a', '7z', 'a'.repeat(64)])(
  '"%s" is a tag, declared or not [X000-7]',
  (tag) => {
    expect(isCapabilityTag(tag)).toBe(true);
  },
);

test.each(['', ' ', 'big gpu', 'gpu\n', 'GPU', '-gpu', 'gpu_', 'a--b', 'a-_b', 'a.b', 'a+b', 'zürich', 'a'.repeat(65)])(
  '"%s" is no tag [X000-7]',
  (text) => {
    expect(isCapabilityTag(text)).toBe(false);
  },
);

test('every declared tag says what it means, and implies declared ones [F000-38]', () => {
  const declared = Object.keys(CAPABILITY_TAGS);
  for (const { meaning, implies } of Object.values(CAPABILITY_TAGS)) {
    expect(meaning).toMatch(/^\w.+\w$/);
    for (const tag of implies) expect(declared).toContain(tag);
    // All at once, so that nobody has to follow them.
    expect(withImpliedTags(implies)).toEqual([...implies].toSorted());
  }
});

test('software tags imply cpu, each once and sorted [X000-7]', () => {
  expect(withImpliedTags(['rust', 'docker', 'pandas', 'rust'])).toEqual(['cpu', 'docker', 'pandas', 'python', 'rust']);
  expect(withImpliedTags(['cuda12'])).toEqual(['cuda12', 'gpu']);
  expect(withImpliedTags(['my-tool'])).toEqual(['my-tool']);
});

test('a set of tags has one key, in whatever order it is written', () => {
  expect(requiresKey(['gpu', 'cpu'])).toBe('cpu+gpu');
  expect(requiresKey(['cpu', 'gpu'])).toBe('cpu+gpu');
  expect(requiresKey(['cpu-gpu'])).toBe('cpu-gpu');
  expect(requiresKey([])).toBe('');
});

test('missing tags are those that are not there, sorted, each once', () => {
  expect(missingTags(['gpu', 'cpu', 'docker', 'gpu'], new Set(['cpu']))).toEqual(['docker', 'gpu']);
  expect(missingTags([], new Set())).toEqual([]);
});
