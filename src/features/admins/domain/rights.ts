import type { Admin } from '../admin.js';

type Actor = Pick<Admin, 'id' | 'isSudo'>;

/** Who may read the Discord webhook of `admin`: whoever knows its address can post there. */
export function maySeeWebhook(viewer: Actor, admin: Actor): boolean {
  return viewer.isSudo || viewer.id === admin.id;
}

/** Who may change `admin`. Source: Marzban `app/routers/admin.py`, where another sudo admin is out of reach. */
export function mayModify(actor: Actor, admin: Actor): boolean {
  return actor.isSudo && (!admin.isSudo || actor.id === admin.id);
}

/** Whether a sudo admin may remove `admin`. Source: as above; not even itself. */
export function mayRemove(admin: Pick<Admin, 'isSudo'>): boolean {
  return !admin.isSudo;
}
