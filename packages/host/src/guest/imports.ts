/**
 * The import rule as it binds at run time: an artifact may import the allowed builtins and nothing else. The artifact
 * itself comes over the channel, so no guest opens a file to load a plugin.
 */
import { ALLOWED_BUILTINS, TEMP_DIR_BUILTINS } from '@bulkhead/protocol';
import { registerHooks } from 'node:module';

/** Loads the one artifact of this guest. */
export type ArtifactLoader = {
  /**
   * Imports the artifact's text as an ES module; works once.
   *
   * @param source - One bundled module; its imports are builtins only.
   * @param rule - What it may import; `none` is for the host's own self-test, which measures the layers below this rule.
   * @throws Error with code IMPORT_REFUSED where it imports what it may not, else whatever its evaluation throws.
   */
  readonly importArtifact: (source: string, rule: ImportRule) => Promise<unknown>;
};

/** `pure`: what computes; `files`: that, and what reads and writes files, for a guest that was granted a folder. */
export type ImportRule = 'pure' | 'files' | 'none';

const ARTIFACT_URL = 'bulkhead:artifact';
const WARM_UP_URL = 'bulkhead:warm-up';

/**
 * Installs the rule, and has Node build its module loader now: that costs a spare 20 ms before anybody waits for it.
 */
export async function openArtifactLoader(): Promise<ArtifactLoader> {
  // Objects without a prototype, since a plugin can replace the methods of Map, Set and String, and decide here with them.
  const sources: Record<string, string> = Object.assign(Object.create(null), { [WARM_UP_URL]: 'export {};' });
  let allowed = namesOf(ALLOWED_BUILTINS);
  let isRuleOn = true;
  registerHooks({
    resolve(specifier, context, next) {
      // A source is taken out when it is loaded, so a plugin cannot import itself or another a second time.
      if (sources[specifier] !== undefined) return { url: specifier, format: 'module', shortCircuit: true };
      if (isRuleOn && allowed[specifier] !== true) throw refusal(specifier);
      return next(specifier, context);
    },
    load(url, context, next) {
      const source = sources[url];
      delete sources[url];
      return source === undefined ? next(url, context) : { source, format: 'module', shortCircuit: true };
    },
  });
  await import(WARM_UP_URL);
  return {
    importArtifact: (source, rule) => {
      isRuleOn = rule !== 'none';
      if (rule === 'files') allowed = namesOf([...ALLOWED_BUILTINS, ...TEMP_DIR_BUILTINS]);
      sources[ARTIFACT_URL] = source;
      return import(ARTIFACT_URL);
    },
  };
}

function namesOf(builtins: readonly string[]): Readonly<Record<string, true>> {
  const names: Record<string, true> = Object.create(null);
  for (const name of builtins) {
    names[name] = true;
    names[`node:${name}`] = true;
  }
  return names;
}

function refusal(specifier: string): Error {
  const shown = specifier.length > 100 ? `${specifier.slice(0, 100)}…` : specifier;
  const error = new Error(
    `import of "${shown}" is refused: a plugin imports pure built-ins and what is bundled with it`,
  );
  return Object.assign(error, { code: 'IMPORT_REFUSED' });
}
