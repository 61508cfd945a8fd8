/**
 * Models of a run as lines for people, from what a run has written of them.
 */
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';
import { plain } from '../table.ts';

const DIGITS = 6;

/** A line for each model; none of what is no list of models, as in a report that was written before there were any. */
export function modelLines(models: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(models)) return [];
  return models.filter((model) => isJsonObject(model)).map(lineOf);
}

function lineOf(model: JsonValue): string {
  const { name, submitted, improved, gain, usage } = Object(model) as Readonly<Record<string, unknown>>; // Whatever it has.
  const {
    input_tokens: input,
    output_tokens: output,
    cost_usd: usd,
  } = Object(usage) as Readonly<Record<string, unknown>>; // The same.
  const tokens = numberIn(input) + numberIn(output);
  const came = `${numberIn(submitted)} submitted, ${numberIn(improved)} better, gain ${short(numberIn(gain))}`;
  return plain(`model ${String(name)}: ${came}, ${tokens} tokens, ${short(numberIn(usd))} US dollars`);
}

function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function short(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
