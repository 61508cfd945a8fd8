/**
 * The TypeScript type that a JSON Schema literal describes. Types only; it reads the keywords that a tool's parameters
 * commonly have and takes everything else for JSON, which is what the host has checked it to be.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';

/**
 * Type of the values that a literal schema accepts; JsonValue where the schema says nothing that is read here.
 *
 * @public
 */
export type FromJsonSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: infer Type }
      ? OfType<Type, Schema>
      : JsonValue;

type OfType<Type, Schema> = Type extends 'string'
  ? string extends Type
    ? JsonValue
    : string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? ArrayOf<Schema>
          : Type extends 'object'
            ? ObjectOf<Schema>
            : JsonValue;

type ArrayOf<Schema> = Schema extends { readonly items: infer Items }
  ? readonly FromJsonSchema<Items>[]
  : readonly JsonValue[];

type ObjectOf<Schema> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      {
        readonly [Key in keyof Properties as Key extends RequiredOf<Schema> ? Key : never]: FromJsonSchema<
          Properties[Key]
        >;
      } & {
        readonly [Key in keyof Properties as Key extends RequiredOf<Schema> ? never : Key]?: FromJsonSchema<
          Properties[Key]
        >;
      }
    >
  : JsonObject;

type RequiredOf<Schema> = Schema extends { readonly required: readonly (infer Key)[] } ? Key : never;

type Flat<T> = { readonly [Key in keyof T]: T[Key] };
