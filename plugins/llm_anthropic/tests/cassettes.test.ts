import { cassetteTests } from '../../../test/providers/cassette-tests.ts';

cassetteTests({
  folder: new URL('../', import.meta.url),
  plugin: 'llm_anthropic',
  entry: 'anthropic',
  secret: 'ANTHROPIC_API_KEY',
  model: 'claude-sonnet-4-5',
  usage: { input_tokens: 9, output_tokens: 4 },
});
