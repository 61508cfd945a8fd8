import { cassetteTests } from '../../../test/providers/cassette-tests.ts';

cassetteTests({
  folder: new URL('../', import.meta.url),
  plugin: 'llm_openai_compatible',
  entry: 'openai_compatible',
  secret: 'OPENAI_COMPATIBLE_API_KEY',
  config: { base_url: 'https://api.openai.com/v1', model: 'gpt-4.1-mini' },
  model: 'gpt-4.1-mini',
  usage: { input_tokens: 9, output_tokens: 4 },
});
