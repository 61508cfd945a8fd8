/**
 * Members of process, globalThis, module or require whose name only running tells: any of the forbidden ones could be
 * meant (FAULTS 70).
 */
import { RUNTIME_KEY } from '../meaning.ts';
import type { Rule } from '../rule.ts';
import { child, children, type PlacedNode, type SyntaxNode } from '../syntax.ts';
import type { Meaning } from '../meaning.ts';

const OWNERS: readonly string[] = ['', 'process', 'module', 'require'];

/** Refuses members that could be any of the forbidden ones. */
export const computedAccess: Rule = {
  id: 'COMPUTED_ACCESS',
  severity: 'error',
  about: 'takes a member of process, globalThis, module or require whose name is known only at run time',
  binds: 'what the name turns out to be is refused: `ACCESS_REFUSED`',
  looksAt: 'node',
  types: ['MemberExpression', 'CallExpression', 'Property'],
  check: (placed, { meaning }) => {
    const owner = ownerIn(placed, meaning);
    if (owner === undefined) return undefined;
    const name = owner === '' ? 'globalThis' : owner;
    return {
      start: placed.node.start,
      message: `Forbidden access: a member of ${name} that is known only at run time`,
      hint: `Write the member's name, such as ${name === 'globalThis' ? 'globalThis.URL' : `${name}.version`}.`,
    };
  },
};

function ownerIn({ node, type, parent }: PlacedNode, meaning: Meaning): string | undefined {
  switch (type) {
    case 'MemberExpression':
      return memberOwner(node, meaning);
    case 'CallExpression':
      return memberOwner(node, meaning) ?? listedOwner(node, meaning);
    case 'Property':
      return patternOwner(node, parent, meaning);
    default:
      return undefined;
  }
}

function memberOwner(node: SyntaxNode, meaning: Meaning): string | undefined {
  const path = meaning.globalPath(node);
  return path?.at(-1) === RUNTIME_KEY ? ownerAt(path.slice(0, -1)) : undefined;
}

function ownerAt(path: readonly string[] | undefined): string | undefined {
  return OWNERS.find((owner) => owner === path?.join('.'));
}

/** These hand out every member, the forbidden ones too; the descriptor of one does where its name is not told. */
const LISTING: readonly string[] = ['Object.values', 'Object.entries', 'Object.getOwnPropertyDescriptors'];
const DESCRIBING: readonly string[] = ['Object.getOwnPropertyDescriptor', 'Reflect.getOwnPropertyDescriptor'];

function listedOwner(node: SyntaxNode, meaning: Meaning): string | undefined {
  const callee = meaning.globalPath(child(node, 'callee'))?.join('.') ?? '';
  const [object, key] = children(node, 'arguments');
  const isOpen = LISTING.includes(callee) || (DESCRIBING.includes(callee) && meaning.textOf(key) === undefined);
  return isOpen ? ownerAt(meaning.globalPath(object)) : undefined;
}

/** `const { [key]: member } = process`. */
function patternOwner(node: SyntaxNode, pattern: PlacedNode | undefined, meaning: Meaning): string | undefined {
  if (pattern?.type !== 'ObjectPattern' || node['computed'] !== true) return undefined;
  if (meaning.textOf(child(node, 'key')) !== undefined) return undefined;
  const taken = pattern.parent?.node;
  return ownerAt(meaning.globalPath(child(taken, 'init') ?? child(taken, 'right')));
}
