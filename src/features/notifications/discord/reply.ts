import type { Outcome } from '../channel.js';

/** When Discord does not say for how long it wants to be left alone, and the longest that is believed. */
const REST_SECONDS = 30;
const LONGEST_REST_SECONDS = 3600;

/** What came of a message by Discord's answer to it. Source: its documentation, "Rate Limits" and "Execute Webhook". */
export function readReply(status: number, text: string, retryAfter: string | undefined): Outcome {
  const { message, retry_after } = replyOf(text);
  const answer = status < 300 ? null : typeof message === 'string' ? message : text;
  if (status < 300) return { result: 'delivered', status, answer };
  if (status === 429) {
    const asked = [Number(retry_after), Number(retryAfter)].find((seconds) => seconds > 0);
    const seconds = Math.min(asked ?? REST_SECONDS, LONGEST_REST_SECONDS);
    return { result: 'later', seconds, status, answer };
  }
  if (status < 400 || status >= 500) return { result: 'failed', status, answer };
  return { result: 'dead', status, answer };
}

function replyOf(text: string): { message?: unknown; retry_after?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
