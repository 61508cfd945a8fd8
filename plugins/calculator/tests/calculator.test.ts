import { createTestContext } from '@bulkhead/sdk/testing';
import { expect, test } from 'vitest';
import Calculator from '../main.ts';
import manifest from '../plugin.json' with { type: 'json' };

const calculator = new Calculator();
const context = createTestContext();
const run = (tool: string, a: unknown, b: unknown) => calculator.execute(tool, { a, b } as never, context);

test.for([
  ['add', 2, 3, 5],
  ['subtract', 2, 3, -1],
  ['multiply', 2, 3, 6],
  ['divide', 3, 2, 1.5],
  ['add', -1.5, 1.5, 0],
] as const)(
  '%s of %d and %d is %d, with operation and operands as metadata [F003-40] [X003-9]',
  async ([tool, a, b, result]) => {
    await expect(run(tool, a, b)).resolves.toEqual({
      success: true,
      data: { result },
      metadata: { operation: tool, operands: [a, b] },
    });
  },
);

test('a division by zero is a result that says so, with its metadata [X003-9]', async () => {
  await expect(run('divide', 1, 0)).resolves.toEqual({
    success: false,
    error: 'Division by zero',
    metadata: { operation: 'divide', operands: [1, 0] },
  });
});

test.for(['modulo', 'constructor', '__proto__', ''])('the tool "%s" is unknown [F003-12]', async (tool) => {
  await expect(run(tool, 1, 2)).resolves.toEqual({ success: false, error: 'Unknown tool' });
});

test.for([
  ['1', 2],
  [undefined, 2],
  [1, null],
])('operands that are no numbers are refused without a schema, too: %j', async ([a, b]) => {
  await expect(run('add', a, b)).resolves.toMatchObject({ success: false, error: 'a and b must be numbers' });
});

test('a result that no JSON number can hold is an error', async () => {
  await expect(run('multiply', 1e308, 10)).resolves.toMatchObject({ success: false, error: 'The result is too large' });
});

test('it offers the four tools, each of which needs math:calculate [F003-8] [F003-9] [X003-9]', () => {
  expect(calculator.tools.map((tool) => tool.name)).toEqual(['add', 'subtract', 'multiply', 'divide']);
  for (const tool of calculator.tools) {
    expect(tool.requiredPermissions).toEqual(['math:calculate']);
    expect(tool.parameters.required).toEqual(['a', 'b']);
  }
});

test('its metadata is what plugin.json says [F003-2] [F003-6]', () => {
  const { name, version, author, description, required_permissions, compatible_versions } = manifest;
  expect(Object.fromEntries(Object.entries(calculator.metadata))).toEqual({
    name,
    version,
    author,
    description,
    required_permissions,
    compatible_versions,
  });
});

test('it says that it is healthy, with a figure [F004-12]', () => {
  expect(calculator.healthCheck()).toEqual({
    status: 'healthy',
    message: 'The calculator calculates.',
    metrics: { tools: 4 },
  });
});
