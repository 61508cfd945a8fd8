/**
 * How a step of an install has work done in the workshop, the limited child process for what may crash, hang or eat
 * memory. The steps are given it; they do not know how the process is started.
 */
import type { Parcel } from './parcel.ts';

/** What the workshop can do. */
export type WorkshopVerb = 'unpack' | 'review' | 'bundle' | 'mend';

/**
 * Does one job and resolves to its answer. The answer's sizes are within bounds; what it says is for the asker to judge.
 *
 * @throws {HostError} `REVIEW_LIMIT` when the process ran out of time or memory, crashed, or broke the protocol.
 */
export type AskWorkshop = (job: WorkshopJob) => Promise<Parcel>;

/** One job, and how what the workshop asks meanwhile is answered. */
export type WorkshopJob = {
  readonly verb: WorkshopVerb;
  readonly parcel: Parcel;
  /** Answers what the workshop asks meanwhile; without it a question ends the job. */
  readonly answer?: (question: Parcel) => Promise<Parcel>;
};
