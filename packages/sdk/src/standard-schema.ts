/**
 * The parts of the Standard Schema and Standard JSON Schema interfaces (standardschema.dev, version 1) that Bulkhead
 * reads. Types only: an author's library brings the code, and a plugin without such a library carries none of it.
 */

/**
 * A schema of any library that follows the standard: zod, valibot, arktype and others.
 *
 * @public
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/**
 * What `validate` answers: the parsed value (transforms and defaults applied), or why there is none.
 *
 * @public
 */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/**
 * A Standard Schema that also writes itself as JSON Schema, which is what the host validates with and shows to agents.
 * zod and arktype schemas do; a valibot schema does once `toStandardJsonSchema` of `@valibot/to-json-schema` wraps it.
 *
 * @public
 */
export interface StandardJsonSchema<Input = unknown, Output = Input> extends StandardSchema<Input, Output> {
  readonly '~standard': StandardSchema<Input, Output>['~standard'] & {
    readonly jsonSchema: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
      readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
    };
  };
}
