/** A pipeline of four modules; each line is one choice. */
const PIPELINE: Readonly<Record<string, string>> = {
  loader: 'csv', // one of 'csv' | 'json' | 'xml' | 'parquet' | 'yaml'
  cleaner: 'none', // one of 'none' | 'trim' | 'dedupe' | 'normalize' | 'impute'
  sorter: 'bubble', // one of 'bubble' | 'insertion' | 'merge' | 'quick' | 'heap'
  writer: 'text', // one of 'text' | 'html' | 'markdown' | 'latex' | 'json'
};

export function solve(module: string): string {
  return PIPELINE[module] ?? 'none';
}
