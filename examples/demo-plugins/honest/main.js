/**
 * A plugin that works, and goes on working whatever its neighbours do.
 */
export default {
  tools: [
    {
      name: 'count_words',
      description: 'Counts the words of a text.',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      idempotent: true,
      execute: ({ text }) => ({ words: text.split(/\s+/).filter(Boolean).length }),
    },
  ],
  healthCheck: () => ({ status: 'healthy', message: 'I count.', metrics: {} }),
};
