/**
 * What a debugger is shown of a bundle: its source map with the author's files in it, by their real places, and the place in the
 * bundle of a line of theirs.
 */
import { readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LEAST_UPPER_BOUND, TraceMap, generatedPositionFor } from '@jridgewell/trace-mapping';
import { isJsonObject } from '@bulkhead/protocol';

/** A place as the DevTools protocol counts: from 0. */
export type GeneratedPlace = { readonly lineNumber: number; readonly columnNumber: number };

/** The view of one release. */
export type SourceView = {
  /** The map as a `data:` URL; undefined where the release has none. */
  readonly mapUrl: () => string | undefined;
  /** The first place at or below a line of a file, named by its URL, its path, or its path in the folder. */
  readonly generatedOf: (file: string, lineNumber: number, columnNumber: number) => GeneratedPlace | undefined;
};

/** A breakpoint on a comment or a type binds to the next line that runs, if it is as near as this. */
const LINES_BELOW_MAX = 50;
const FILE_SCHEME = 'file://';

/** Reads a release's map and the files that it names, as they are in the folder now. */
export function openSourceView(sourceMap: Uint8Array | undefined, dir: string): SourceView {
  const map = parseMap(sourceMap);
  if (map === undefined) return { mapUrl: () => undefined, generatedOf: () => undefined };
  const trace = new TraceMap(JSON.stringify(map));
  const sourceOf = (file: string): string | undefined =>
    map.sources.find((source) => [source, resolve(dir, source), urlOf(dir, source)].includes(file));
  return {
    mapUrl: () => {
      const sources = map.sources.map((source) => urlOf(dir, source));
      const sourcesContent = map.sources.map((source) => textOf(dir, source));
      const text = JSON.stringify({ ...map, sources, sourcesContent });
      return `data:application/json;base64,${Buffer.from(text).toString('base64')}`;
    },
    generatedOf: (file, lineNumber, columnNumber) => {
      const source = sourceOf(file);
      if (source === undefined) return undefined;
      for (let below = 0; below <= LINES_BELOW_MAX; below += 1) {
        const wanted = { source, line: lineNumber + below + 1, column: below === 0 ? columnNumber : 0 };
        const { line, column } = generatedPositionFor(trace, { ...wanted, bias: LEAST_UPPER_BOUND });
        if (line !== null) return { lineNumber: line - 1, columnNumber: column };
      }
      return undefined;
    },
  };
}

type PlainMap = { readonly sources: readonly string[]; readonly [key: string]: unknown };

function parseMap(sourceMap: Uint8Array | undefined): PlainMap | undefined {
  if (sourceMap === undefined) return undefined;
  const map: unknown = JSON.parse(Buffer.from(sourceMap).toString('utf8')); // Made by our bundler.
  const sources = isJsonObject(map) ? map['sources'] : undefined;
  if (!isJsonObject(map) || !Array.isArray(sources)) return undefined;
  return { ...map, sources: sources.filter((source) => typeof source === 'string') };
}

function urlOf(dir: string, source: string): string {
  return source.startsWith(FILE_SCHEME) ? source : pathToFileURL(join(dir, source)).href;
}

/** Of what is not in the folder, such as the SDK that the host supplies, the debugger shows nothing. */
function textOf(dir: string, source: string): string | null {
  const path = resolve(dir, source);
  if (!path.startsWith(resolve(dir) + sep)) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
