import { createHmac } from 'node:crypto';

/** Headers by which whoever has the secret knows what is sent from here, and when. `at` is Unix time in seconds. */
export function signatureHeaders(
  body: string,
  secret: string | undefined,
  at: number,
): Record<string, string> {
  const timestamp = { 'x-margrave-timestamp': String(at) };
  if (secret === undefined) return timestamp;
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return { 'x-webhook-secret': secret, ...timestamp, 'x-margrave-signature': `v1=${signature}` };
}
