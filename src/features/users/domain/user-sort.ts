export const SORT_KEYS = ['username', 'used_traffic', 'data_limit', 'expire', 'created_at'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface SortOrder {
  key: SortKey;
  descending: boolean;
}

/**
 * The order a client asks for: keys between commas, a minus before those that sort downwards. Commas at either end do
 * not count. Returns the first key that is none.
 * Source: Marzban `app/routers/user.py` (`get_users`).
 */
export function parseSort(text: string): { order: SortOrder[] } | { invalid: string } {
  const order: SortOrder[] = [];
  for (const word of text.replace(/^,+|,+$/g, '').split(',')) {
    const descending = word.startsWith('-');
    const key = SORT_KEYS.find((candidate) => candidate === (descending ? word.slice(1) : word));
    if (!key) return { invalid: word };
    if (!order.some((earlier) => earlier.key === key)) order.push({ key, descending });
  }
  return { order };
}
