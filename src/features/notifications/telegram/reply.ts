import type { Outcome } from '../channel.js';

/** When Telegram does not say for how long it wants to be left alone, and the longest that is believed. */
const REST_SECONDS = 30;
const LONGEST_REST_SECONDS = 3600;

export type Verdict = Outcome & {
  /** The bot is not known, or its token is not valid any more. */
  refusesToken?: true;
};

/** What came of a message by Telegram's answer to it. Source: Bot API, "Making requests". */
export function readReply(status: number, text: string): Verdict {
  const { ok, description, parameters } = replyOf(text);
  const answer = typeof description === 'string' ? description : text;
  if (status === 200 && ok === true) return { result: 'delivered', status, answer: null };
  if (status === 429) {
    const { retry_after: asked } = parameters ?? {};
    const seconds = isRest(asked) ? Math.min(asked, LONGEST_REST_SECONDS) : REST_SECONDS;
    return { result: 'later', seconds, status, answer };
  }
  // It answers 404 to a token of the wrong form.
  if (status === 401 || status === 404) return { result: 'failed', status, answer, refusesToken: true };
  if (status === 400 || status === 403)
    return { result: 'dead', status, answer: answer + movedTo(parameters) };
  return { result: 'failed', status, answer };
}

interface Reply {
  ok?: unknown;
  description?: unknown;
  parameters?: { retry_after?: unknown; migrate_to_chat_id?: unknown };
}

function replyOf(text: string): Reply {
  try {
    return (JSON.parse(text) as Reply | null) ?? {};
  } catch {
    return {};
  }
}

const isRest = (seconds: unknown): seconds is number => typeof seconds === 'number' && seconds > 0;

/** A group that becomes a supergroup has another id from then on. */
function movedTo(parameters: Reply['parameters']): string {
  const id = parameters?.migrate_to_chat_id;
  return typeof id === 'number' ? ` (its id is ${id} now)` : '';
}
