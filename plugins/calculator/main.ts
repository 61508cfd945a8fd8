/**
 * The calculator: the class style of a plugin, complete. Four tools, one `execute`, answers as ToolResults.
 */
import { BaseToolPlugin, PluginMetadata, ToolResult, type JsonObject, type ToolContext } from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

type Operation = {
  readonly description: string;
  readonly apply: (a: number, b: number) => ToolResult<number>;
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: { description: 'Adds b to a.', apply: (a, b) => exact(a + b) },
  subtract: { description: 'Subtracts b from a.', apply: (a, b) => exact(a - b) },
  multiply: { description: 'Multiplies a by b.', apply: (a, b) => exact(a * b) },
  divide: {
    description: 'Divides a by b; b must not be 0.',
    apply: (a, b) => (b === 0 ? ToolResult.fail('Division by zero') : exact(a / b)),
  },
};

const PARAMETERS = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
} as const;

const RETURNS = {
  type: 'object',
  properties: { result: { type: 'number' } },
  required: ['result'],
  additionalProperties: false,
} as const;

/** Calculates; every tool needs the caller's scope `math:calculate`. */
export default class Calculator extends BaseToolPlugin {
  readonly metadata = new PluginMetadata(manifest);

  readonly tools = Object.entries(OPERATIONS).map(([name, { description }]) => ({
    name,
    description,
    parameters: PARAMETERS,
    returns: RETURNS,
    idempotent: true,
    requiredPermissions: ['math:calculate'],
  }));

  override async execute(toolName: string, params: JsonObject, context: ToolContext): Promise<ToolResult> {
    const operation = Object.hasOwn(OPERATIONS, toolName) ? OPERATIONS[toolName] : undefined;
    if (operation === undefined) return super.execute(toolName, params, context);
    const { a, b } = params;
    if (typeof a !== 'number' || typeof b !== 'number') return ToolResult.fail('a and b must be numbers');
    const metadata = { operation: toolName, operands: [a, b] };
    const answer = operation.apply(a, b);
    return answer.success ? ToolResult.ok({ result: answer.data }, metadata) : ToolResult.fail(answer.error, metadata);
  }

  override healthCheck() {
    return { status: 'healthy', message: 'The calculator calculates.', metrics: { tools: this.tools.length } } as const;
  }
}

/** JSON has no infinity, so a result beyond the largest number is an error and not null. */
function exact(value: number): ToolResult<number> {
  return Number.isFinite(value) ? ToolResult.ok(value) : ToolResult.fail('The result is too large');
}
