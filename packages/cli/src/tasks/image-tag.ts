/**
 * What results say of where they were made (`image_tag`), whoever runs the task.
 */

/** Versions of the command and of Node, and the platform. */
export function imageTag(version: string): string {
  return `bulkhead-${version} node-${process.versions.node} ${process.platform}-${process.arch}`;
}
