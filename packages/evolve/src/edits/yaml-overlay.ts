/**
 * YAML overlay: a YAML mapping that is merged into another as a JSON merge patch is (null removes), where comments, order and
 * anchors of what is not touched stay.
 */
import { isAlias, isMap, isNode, isScalar, parseDocument, type Document, type YAMLMap } from 'yaml';
import { EvolveError } from '../evolve-error.ts';
import { assertEditSize } from './edit-bounds.ts';

const DEPTH_MAX = 100;

/**
 * Applies an overlay to the text of one YAML document.
 *
 * @param overlay - YAML text of a mapping, at most {@link EDIT_BYTES_MAX} bytes, 100 levels.
 * @throws {EvolveError} `SOURCE_INVALID` where the source is no single YAML mapping; `EDIT_INVALID` where the overlay is none;
 *   `EDIT_TOO_LARGE`.
 * @public
 */
export function applyYamlOverlay(source: string, overlay: string): string {
  assertEditSize(overlay, 'the YAML overlay');
  const changes = read(overlay, { what: 'the YAML overlay', code: 'EDIT_INVALID' });
  assertExpands(changes);
  const document = read(source, { what: 'the source', code: 'SOURCE_INVALID' });
  if (document.contents === null) document.contents = document.createNode({});
  if (isMap(changes.contents)) overlayInto({ document, overlay: changes }, [], changes.contents);
  return document.toString({ lineWidth: 0 });
}

type Read = { readonly what: string; readonly code: 'EDIT_INVALID' | 'SOURCE_INVALID' };

function read(text: string, { what, code }: Read): Document {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new EvolveError(code, `${what} is not one YAML document: ${error.message}`);
  if (document.contents === null || isMap(document.contents)) return document;
  throw new EvolveError(code, `${what} is no mapping; expected keys with values`);
}

/** Aliases may be followed a hundred times, which the library counts: two maps of maps could multiply without end. */
function assertExpands(overlay: Document): void {
  try {
    overlay.toJS();
  } catch (cause) {
    throw new EvolveError('EDIT_INVALID', 'the YAML overlay expands to too much; expected fewer aliases', { cause });
  }
}

type Overlay = { readonly document: Document; readonly overlay: Document };

/** Keys are compared as YAML has them: 1 is another key than "1". */
function overlayInto({ document, overlay }: Overlay, path: readonly unknown[], changes: YAMLMap): void {
  if (path.length > DEPTH_MAX) throw invalid(`the YAML overlay is nested more than ${DEPTH_MAX} levels; expected less`);
  for (const { key, value } of changes.items) {
    if (!isScalar(key)) throw invalid('a key of the YAML overlay is no scalar; expected a text or a number');
    const place = [...path, key.value];
    const node = isAlias(value) ? value.resolve(overlay) : value;
    if (isMap(node)) {
      makeMap(document, place);
      overlayInto({ document, overlay }, place, node);
    } else {
      const plain: unknown = isNode(node) ? node.toJS(overlay) : null;
      if (plain === null) document.deleteIn(place);
      // A scalar is put into the node that is there, which has its comment.
      else document.setIn(place, typeof plain === 'object' ? document.createNode(plain) : plain);
    }
  }
}

/** What is merged into is a map of its own, not the one that another place refers to. */
function makeMap(document: Document, place: readonly unknown[]): void {
  const there = document.getIn(place, true);
  if (isMap(there)) return;
  const plain: unknown = isAlias(there) ? there.toJS(document) : {};
  document.setIn(place, document.createNode(isObject(plain) ? plain : {}));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): EvolveError {
  return new EvolveError('EDIT_INVALID', message);
}
