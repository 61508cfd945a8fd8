import { cassetteTests } from '../../../test/providers/cassette-tests.ts';

cassetteTests({
  folder: new URL('../', import.meta.url),
  plugin: 'llm_openrouter',
  entry: 'openrouter',
  secret: 'OPENROUTER_API_KEY',
  model: 'openrouter/auto',
  usage: { input_tokens: 9, output_tokens: 4, cost_usd: 0.000125 },
});
