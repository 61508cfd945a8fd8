/**
 * The workshop: a child process that reviews and bundles what plugins' authors wrote. It may crash, hang or be fooled,
 * and then it is ended; it holds nothing that outlives a job. It opens no file: whatever it looks at was sent to it.
 *
 *   host                      workshop
 *    |  job {verb}, files  -->  |
 *    |  <-- ask {wanted}        |   review only, as often as imports reach new packages
 *    |  answer {places}, files->|
 *    |  <-- done {...}, blobs   |   or failed {message}
 */
import { runJobs } from './run-jobs.ts';

runJobs();
