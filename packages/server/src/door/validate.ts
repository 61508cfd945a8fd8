/**
 * Checks requests by their schemas, compiled once when a route is added. Nothing is coerced and nothing is filled in: "5"
 * is no number.
 */
import { HostError } from '@bulkhead/host';
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import type { Plane } from '../answer/plane.ts';

/** What Fastify asks of a validator: the value, or what is wrong with it. */
export type Validate = (value: unknown) => { readonly value: unknown } | { readonly error: HostError };

/** What a schema is of: the plane of its route, and the part of the request, `body` unless it says otherwise. */
export type Checked = { readonly plane: Plane; readonly part?: string | undefined };

/** Compiles a TypeBox schema, which names what does not fit. A body that is left out is an empty one. */
export function compileValidator(schema: unknown, checked: Checked): Validate {
  const compiled = Compile(schema as TSchema); // Routes of this package have TypeBox schemas only.
  return (value) => {
    const given = value ?? {};
    return compiled.Check(given) ? { value: given } : { error: errorOf(compiled.Errors(given)[0], checked) };
  };
}

type SchemaError = { readonly instancePath: string; readonly message: string } | undefined;

function errorOf(error: SchemaError, { plane, part = 'body' }: Checked): HostError {
  const path = error?.instancePath ?? '';
  if (path === '/timeout_ms') return new HostError('TIMEOUT_INVALID');
  const whole = part === 'querystring' ? 'query' : part;
  const where = path === '' ? `the ${whole}` : `the ${whole}’s field "${path.slice(1)}"`;
  const code = plane === 'data' ? 'REQUEST_INVALID' : 'VALIDATION_FAILED';
  return new HostError(code, { message: `${where} is not as expected: ${error?.message ?? 'unknown'}` });
}
