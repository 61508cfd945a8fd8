/**
 * A plugin whose process is gone in the middle of a call.
 */
export default {
  tools: [
    {
      name: 'die',
      description: 'Ends its process by SIGABRT.',
      parameters: { type: 'object' },
      execute: () => process.abort(),
    },
  ],
};
