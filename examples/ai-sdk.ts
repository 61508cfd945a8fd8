/**
 * An agent in your own program: the AI SDK's loop, with tools and a model that run in sandboxes. The first argument is a folder of a
 * plugin that offers a language model, granted what it asks for; its key is in the environment.
 */
import { createHost } from '@bulkhead/host';
import { createAiModel, createAiTools } from '@bulkhead/host/ai-sdk';
import { generateText, stepCountIs } from 'ai';

const [folder = 'plugins/llm_openrouter', variable = 'OPENROUTER_API_KEY'] = process.argv.slice(2);
const value = process.env[variable];

await using host = await createHost({
  llm: { backends: [{ name: 'openrouter', ...(value !== undefined && { apiKey: { name: variable, value } }) }] },
});
await host.install('plugins/calculator');
await host.install(folder, { grant: ['internet', 'secrets'] });

const { text, steps } = await generateText({
  model: createAiModel(host),
  tools: createAiTools(host, { plugins: ['calculator'] }),
  stopWhen: stepCountIs(5),
  prompt: 'What is 20 and 22?',
});
console.log(`${text} (${steps.length} steps)`);
