/**
 * The bounds of MCP servers that run as plugins; a part of the table in limits.ts.
 */
import { MIB } from './limit.ts';

/** Rows of the table, by name. */
export const STDIO_LIMITS = {
  tree_bytes: {
    value: 64 * MIB,
    unit: 'bytes',
    reason: 'Files of an MCP server; those in use are below 40 MiB with all that they import.',
  },
  tree_files: { value: 20_000, unit: 'files', reason: 'The same; a server with its packages has about 2,000.' },
  tree_path_characters: { value: 512, unit: 'characters', reason: 'Of one path in such a tree; packages reach 150.' },
  mcp_tools_bytes: {
    value: 1 * MIB,
    unit: 'bytes',
    reason: 'Of pinned tools in a file beside the manifest; 256 tools of 4 KiB each, and servers have a tenth of it.',
  },
  mcp_list_pages: { value: 64, unit: 'pages', reason: 'Of one list of an MCP server; servers give all at once.' },
  mcp_requests_waiting: {
    value: 64,
    unit: 'requests',
    reason: 'What an MCP server may ask of its client before it reads the answers.',
  },
  state_bytes: {
    value: 64 * MIB,
    unit: 'bytes',
    reason: 'In the folder that an MCP server keeps for one tenant.',
  },
  state_files: {
    value: 2_000,
    unit: 'files',
    reason: 'Files and folders in it; they are counted again and again, and given to each new instance.',
  },
  state_file_bytes: { value: 16 * MIB, unit: 'bytes', reason: 'One file of it; the kernel refuses more (EFBIG).' },
  refusals: { value: 50, unit: 'rows', reason: 'What one MCP server tried and was refused, kept for its tenant.' },
} as const;
