/**
 * Sources of new plugins that offer an entry point: a class of the SDK's, or a factory that needs no import.
 */
import type { JsonObject, ObjectGroup } from '@bulkhead/protocol';
import type { Choices, Kind } from './choices.ts';
import { EVALUATION_TEXTS } from './kind-texts-evaluation.ts';
import { WORK_TEXTS } from './kind-texts-work.ts';
import { inLanguage, type Sources } from './source-text.ts';

/** Kinds that are entry points. */
export type EntryKind = Exclude<Kind, 'tool' | 'hooks'>;

/** What a kind is made of; the texts are marked as `inLanguage` reads them. */
export type KindTexts = {
  readonly group: ObjectGroup;
  readonly about: string;
  readonly usage: string;
  /** Types of the SDK's that the module names. */
  readonly types: readonly string[];
  /** Values of the SDK's that the class needs. */
  readonly values: readonly string[];
  /** Name of the class; the factory is `create` and this. */
  readonly className: string;
  /** What both styles share, above. */
  readonly shared: string;
  readonly classBody: string;
  readonly factoryBody: string;
  readonly manifestFields?: JsonObject;
  /** Tests of `made`, the object. */
  readonly tests: string;
};

const TEXTS: Readonly<Record<EntryKind, KindTexts>> = { ...WORK_TEXTS, ...EVALUATION_TEXTS };

/** A plugin of one entry point, of the plugin's own name. */
export function kindSources({ kind, style, lang }: Choices & { readonly kind: EntryKind }): Sources {
  const texts = TEXTS[kind];
  const { group, about, usage, className, manifestFields = {} } = texts;
  const isClass = style === 'class';
  const exported = isClass ? className : `create${className}`;
  return {
    about,
    usage,
    manifestFields: (name) => ({
      limits: { timeout_ms: 5000, memory_mb: 128, instances: 1 },
      ...manifestFields,
      entry_points: { [group]: { [name.replaceAll('-', '_')]: `./main.${lang}#${exported}` } },
    }),
    modules: [[`main.${lang}`, inLanguage(lang, isClass ? classModule(texts) : factoryModule(texts))]],
    tests: inLanguage(lang, testModule(texts, exported, isClass)),
  };
}

function classModule({ about, types, values, shared, classBody }: KindTexts): string {
  const names = [...values, ...types.map((type) => `«type ${type}»`)];
  const imports = names.map((name) => `  ${name.endsWith('»') ? `${name.slice(0, -1)},»` : `${name},`}`).join('\n');
  return `/**
 * ${about} The sandbox constructs the class with the configuration of the plugin's registration.
 */
import {
${imports}
} from '@bulkhead/sdk';

${shared}${classBody}`;
}

function factoryModule({ about, types, shared, factoryBody }: KindTexts): string {
  return `/**
 * ${about} The factory is called with the configuration of the plugin's registration.
 */
«import type { ${types.join(', ')} } from '@bulkhead/sdk';»

${shared}${factoryBody}`.replace(/\n{3,}/g, '\n\n');
}

function testModule({ tests }: KindTexts, exported: string, isClass: boolean): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ${exported} } from '../main.ts';

const made = ${isClass ? 'new ' : ''}${exported}({});

${tests}`;
}
