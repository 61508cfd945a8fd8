/**
 * `bulkhead agent`: a language model answers a prompt with the tenant's tools, on a running server or, with --plugins, on one of its
 * own. What the model says is the result; how the run ended is the exit code.
 */
import { createInterface } from 'node:readline/promises';
import { exitCodeOf, type AgentApproval, type ApprovalDecision, type JsonObject } from '@bulkhead/protocol';
import { askAgent, type AgentAnswer, type AgentListener } from '../agent/ask-agent.ts';
import { createAgentPrinter, shown } from '../agent/agent-printer.ts';
import { openRemote } from '../remote/remote.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';

/** Arguments and options as they were typed. */
export type AgentOptions = ServerOptions & {
  readonly prompt: string;
  readonly instructions?: string;
  readonly backend?: string;
  readonly maxSteps?: number;
  readonly maxTokens?: number;
  readonly maxUsd?: number;
  /** Plugins whose tools it may call. */
  readonly only?: readonly string[];
  readonly timeoutMs?: number;
  readonly approve?: boolean;
  /** Folders for a server of its own, and what their plugins are granted. */
  readonly plugins?: readonly string[];
  readonly grant?: readonly string[];
};

/** Runs it, prints what it says, and answers the exit code. */
export async function agent(options: AgentOptions, terminal: Terminal): Promise<number> {
  const isJson = options.json === true;
  const printer = isJson ? undefined : createAgentPrinter(terminal);
  const answer = await ask(options, terminal, {
    tell: printer?.tell ?? (async () => undefined),
    decide: deciderOf(options, terminal),
  });
  await printer?.end();
  if (isJson) terminal.result(JSON.stringify(answer));
  else sayEnd(answer, terminal);
  return exitCodeOf(answer);
}

async function ask(options: AgentOptions, terminal: Terminal, listener: AgentListener): Promise<AgentAnswer> {
  const { plugins } = options;
  if (plugins === undefined)
    return askAgent(await openRemote(options, process.env), bodyOf(options, options.backend), listener);
  const { withOwnServer } = await import('../agent/own-server.ts');
  return withOwnServer({ ...options, plugins }, terminal, (remote, backend) =>
    askAgent(remote, bodyOf(options, backend), listener),
  );
}

function bodyOf(options: AgentOptions, backend: string | undefined): JsonObject {
  const { prompt, instructions, maxSteps, maxTokens, maxUsd, only, timeoutMs } = options;
  const budget = {
    ...(maxTokens !== undefined && { tokens: maxTokens }),
    ...(maxUsd !== undefined && { usd: maxUsd }),
  };
  return {
    prompt,
    ...(instructions !== undefined && { instructions }),
    ...(backend !== undefined && { backend }),
    ...(maxSteps !== undefined && { max_steps: maxSteps }),
    ...(Object.keys(budget).length > 0 && { budget }),
    ...(only !== undefined && { plugins: [...only] }),
    ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }),
  };
}

/** On a terminal somebody is asked; elsewhere what was not approved beforehand waits. */
function deciderOf({ approve, json }: AgentOptions, terminal: Terminal): AgentListener['decide'] {
  if (approve === true) return async (approvals) => approvals.map(({ id }) => ({ id, approved: true }));
  if (json === true || !process.stdin.isTTY) return async () => undefined;
  return (approvals) => askPerson(approvals, terminal);
}

async function askPerson(
  approvals: readonly AgentApproval[],
  { talkColors }: Terminal,
): Promise<readonly ApprovalDecision[]> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const decisions: ApprovalDecision[] = [];
  try {
    for (const { id, name, params } of approvals) {
      const said = await asking.question(`${talkColors.yellow('allow')} ${name} ${shown(params)}? [y/N] `);
      decisions.push({ id, approved: /^y(?:es)?$/i.test(said.trim()) });
    }
    return decisions;
  } finally {
    asking.close();
  }
}

function sayEnd(answer: AgentAnswer, { say, talkColors }: Terminal): void {
  if (!answer.ok) {
    const { kind, code, message, hint } = answer.error;
    say(`${talkColors.red(kind)} ${code}: ${message}`);
    return say(talkColors.dim(hint));
  }
  const { run } = answer;
  if (run.status === 'awaiting_approval') sayWaiting(run.id, run.approvals, say);
  if (run.stop_reason === 'step_limit') say(`stopped after ${run.steps.length} steps; --max-steps allows more`);
  if (run.stop_reason === 'budget') say('stopped at its budget; --max-tokens and --max-usd allow more');
  const { input_tokens: read, output_tokens: written } = run.usage;
  const price = run.cost_usd > 0 ? `, $${run.cost_usd.toFixed(4)}` : '';
  say(talkColors.dim(`run ${run.id}: ${run.steps.length} steps, ${read} tokens read, ${written} written${price}`));
}

function sayWaiting(id: string, approvals: readonly AgentApproval[], say: Terminal['say']): void {
  for (const { name, params } of approvals) say(`waits for somebody to allow ${name} ${shown(params)}`);
  say(`--approve allows all beforehand; POST /v1/agents/runs/${id}/approvals decides about these`);
}
