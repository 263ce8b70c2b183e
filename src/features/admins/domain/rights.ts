import type { Admin } from '../admin.js';

type Actor = Pick<Admin, 'id' | 'isSudo'>;

/** Who may read the Discord webhook of `admin`: whoever knows its address can post there. */
export function maySeeWebhook(viewer: Actor, admin: Actor): boolean {
  return viewer.isSudo || viewer.id === admin.id;
}
