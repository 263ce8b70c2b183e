import { readableSize } from '../../../client-configs/index.js';

/** What stands in reports of logins where Marzban writes the password that was typed. */
export const NO_PASSWORD = '🔒';

/** Names that were typed, and addresses that proxies tell, are anything. */
const MOST_CHARACTERS = 128;

export function limitWords(bytes: bigint | null): string {
  return bytes ? readableSize(bytes) : 'Unlimited';
}

/** In UTC, e.g. `15:08:35 2026-11-23`. */
export function expiryWords(at: Date | null): string {
  if (!at) return 'Never';
  const [day, time] = at.toISOString().split('T') as [string, string];
  return `${time.slice(0, 8)} ${day}`;
}

/** As Python writes it. */
export const yesOrNo = (value: boolean): string => (value ? 'True' : 'False');

/** Who did something, or owns somebody; `None` for nobody, as Python writes it. */
export const nameOf = (admin: { username: string } | null | undefined): string => admin?.username ?? 'None';

export interface LoginWords {
  username: string;
  address: string;
  status: string;
}

export function loginWords(extra: Readonly<Record<string, unknown>> | null): LoginWords {
  return {
    username: shortened(extra?.username),
    address: shortened(extra?.address),
    status: extra?.isRight === true ? '✅ Success' : '❌ Failed',
  };
}

function shortened(value: unknown): string {
  const characters = typeof value === 'string' ? [...value] : [];
  return characters.length > MOST_CHARACTERS
    ? `${characters.slice(0, MOST_CHARACTERS).join('')}…`
    : characters.join('');
}
