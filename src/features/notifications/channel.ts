import type { NoticeAction } from '../../shared/activity/activity.js';
import type { AdminDto } from '../admins/index.js';
import type { User } from '../users/index.js';

/** One notice on its way to one target: facts as they were when it happened. */
export interface Delivery {
  id: bigint;
  /** The same for all targets, and at each attempt. */
  notificationId: string;
  /** Attempts before this one. */
  tries: number;
  /** When this attempt was planned. */
  sendAt: Date;
  /** When it happened. */
  at: Date;
  /** `test` is about nobody, and sent when an operator asks for it. */
  action: NoticeAction | 'test';
  /** The user then, without its owner's webhook; null where the notice tells of none. */
  user: User | null;
  username: string | null;
  /** Who did it; null for nobody. */
  by: AdminDto | null;
  extra: Readonly<Record<string, unknown>> | null;
}

/** What came of one message. */
export type Outcome = {
  /** Of HTTP; null without an answer. */
  status: number | null;
  /** What the target said, or why it said nothing: for operators, at most a few hundred characters, without secrets. */
  answer: string | null;
  /** It is about so many of the first of the batch; by default about all. */
  count?: number;
} & (
  | { result: 'delivered' }
  /** Is tried again, but for so many times only. */
  | { result: 'failed' }
  /** It makes no sense to try it again. */
  | { result: 'dead' }
  /** The target asks to be left alone for so long. Does not count as an attempt. */
  | { result: 'later'; seconds: number }
);

/** An answer as it is kept and shown. */
export const shortened = (answer: string): string => answer.replaceAll('\0', '').slice(0, 500);

/** A way to tell others, and the targets that are reached by it. */
export interface Channel {
  /** What the names of its targets are, or begin with. */
  readonly kind: 'webhook' | 'telegram' | 'discord';
  /** So many notices at most are handed to {@link send}. */
  readonly most: number;
  /** The targets that the settings name. */
  readonly targets: readonly string[];
  /** Where a target leads, for operators and without secrets; undefined when it is not configured (any more). */
  addressOf(target: string): Promise<string | undefined>;
  /**
   * Sends the notices, or the first of them, in their order and in one message. What is wrong with the target is the outcome;
   * an exception counts as failed. Takes no longer than about ten seconds once it sends.
   * @param signal aborted when another process is to send: what is not on its way yet stays behind (`later`); what is may be
   *   waited for
   */
  send(target: string, batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome>;
}
