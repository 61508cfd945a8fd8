/**
 * Which file a repair asks to be changed first: the innermost of the plugin's own that a stack names, else the one in which the failing
 * tool is named, else main. An answer may change another one of the plugin's modules, and says so in its diff.
 */
import { textIn, type PluginTree } from './plugin-tree.ts';

const FRAME = /(?:^|[\s(/'"`])((?:[\w@.-]+\/)*[\w@.-]+\.[cm]?[jt]s)(?::\d+)?/g;

/** Chooses it; `told` are the reason and what was thrown, stacks among them. */
export function chooseTarget(
  tree: PluginTree,
  { told, tools }: { readonly told: readonly string[]; readonly tools: readonly string[] },
): string {
  const [main = tree.main] = tree.sources;
  return inStack(tree, told) ?? withTool(tree, tools) ?? main;
}

function inStack({ sources }: PluginTree, told: readonly string[]): string | undefined {
  for (const text of told) {
    for (const [, path = ''] of text.matchAll(FRAME)) {
      const found = sources.find((each) => each === path || path.endsWith(`/${each}`));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function withTool(tree: PluginTree, tools: readonly string[]): string | undefined {
  const quotes = tools.flatMap((tool) => [`'${tool}'`, `"${tool}"`, `\`${tool}\``]);
  return tree.sources.find((path) => {
    const text = textIn(tree, path);
    return quotes.some((quote) => text.includes(quote));
  });
}
