import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Activities } from '../../shared/activity/activities.js';
import type { Activity } from '../../shared/activity/activity.js';
import { DatabaseClock } from '../../shared/database/database-clock.js';
import { Database, type Tx } from '../../shared/database/database.js';
import { type Actor, SYSTEM } from './actor.js';
import type { Admin } from './admin.js';
import {
  AdminNameTaken,
  AdminNotFound,
  AdminOfSettings,
  NoEnvironmentAdmin,
  OtherSudoUntouchable,
  OwnSudoKept,
  PasswordFromEnvironment,
  SudoNotRemovable,
} from './admins.errors.js';
import {
  type AdminChange,
  type AdminFilter,
  AdminsRepository,
  type AdminUsage,
  type Credentials,
} from './admins.repository.js';
import { changeOf, factsOf } from './domain/admin-activity.js';
import { mayModify, mayRemove } from './domain/rights.js';
import { hashPassword, isPassword } from './passwords.js';

const FIRST_ADMIN = 'admin';

export interface AdminOrder {
  username: string;
  password: string;
  isSudo: boolean;
  telegramId: bigint | null;
  discordWebhook: string | null;
}

/** What to change; what is undefined stays. */
export type AdminOrderChange = Omit<AdminChange, 'hashedPassword' | 'fromEnvironment'> & {
  password?: string;
};

@Injectable()
export class AdminsService {
  constructor(
    private readonly db: Database,
    private readonly clock: DatabaseClock,
    private readonly admins: AdminsRepository,
    private readonly activities: Activities,
    private readonly config: Config,
  ) {}

  /** The admin as it is now. Throws `AdminNotFound`. */
  async get(username: string): Promise<Credentials> {
    const found = await this.admins.findCredentialsByName(username);
    if (!found) throw new AdminNotFound();
    return found;
  }

  /** The admin as it is now; undefined when it is gone. */
  async findById(id: number): Promise<Admin | undefined> {
    return (await this.admins.findCredentials(id))?.admin;
  }

  async list(filter: AdminFilter): Promise<Admin[]> {
    return this.admins.list(filter);
  }

  /** The same with what their users used. */
  async listWithUsage(filter: AdminFilter): Promise<AdminUsage[]> {
    return this.admins.listWithUsage(filter);
  }

  /** Throws `AdminNameTaken`, also for a name that differs in case only. */
  async create(by: Actor, { password, ...order }: AdminOrder): Promise<Admin> {
    const hashedPassword = await hashPassword(password);
    return this.db.transaction(async (tx) => {
      const created = await this.admins.insert(tx, { ...order, hashedPassword });
      if (!created) throw new AdminNameTaken();
      await this.note(tx, 'admin_created', by, created, { after: factsOf(created) });
      return created;
    });
  }

  /**
   * A new password voids the admin's tokens; the present one again does not. Sudo admins may change themselves and
   * those without sudo rights, whoever has the machine anybody.
   */
  async modify(by: Actor, target: Credentials, { password, ...change }: AdminOrderChange): Promise<Admin> {
    const { admin } = target;
    if (by.admin && !mayModify(by.admin, admin)) throw new OtherSudoUntouchable();
    if (admin.isSudo && change.isSudo === false) {
      if (by.admin) throw new OwnSudoKept();
      this.refuseThatOfSettings(admin);
    }
    const isNew = password !== undefined && !(await isPassword(password, target.hashedPassword));
    if (isNew && this.isOfSettings(admin)) throw new PasswordFromEnvironment();
    const hashedPassword = isNew ? await hashPassword(password) : undefined;
    return this.change(by, 'admin_updated', admin, async (tx, before) => {
      const modified = await this.admins.update(tx, admin.id, { ...change, hashedPassword });
      return { admin: modified, ...changeOf(before, modified, isNew) };
    });
  }

  /** The users of a removed admin stay, without an owner. Sudo admins can be removed by whoever has the machine only. */
  async remove(by: Actor, target: Admin): Promise<void> {
    if (by.admin && !mayRemove(target)) throw new SudoNotRemovable();
    this.refuseThatOfSettings(target);
    await this.db.transaction(async (tx) => {
      const users = await this.admins.lockUsersOf(tx, target.id);
      const before = await this.admins.lock(tx, target.id);
      if (!before || !(await this.admins.remove(tx, target.id, { evenSudo: by.admin === null })))
        throw new AdminNotFound();
      const orphans = users.map((user) => orphaned(user, by, before));
      await this.activities.note(tx, this.clock.now(), orphans, []);
      await this.note(tx, 'admin_deleted', by, before, { before: factsOf(before) });
    });
  }

  async resetUsage(by: Actor, target: Admin): Promise<Admin> {
    return this.change(by, 'admin_usage_reset', target, async (tx, before) => {
      const admin = await this.admins.resetUsage(tx, target.id);
      const usage = ({ usersUsage }: Admin) => ({ usersUsage: String(usersUsage) });
      return { admin, before: usage(before), after: usage(admin) };
    });
  }

  /**
   * Makes the admin of `SUDO_USERNAME` and `SUDO_PASSWORD` what they say: a row like any other, so that users have an
   * owner. Its tokens outlive a start unless the password changed; those the settings no longer name cannot log in.
   */
  async ensureEnvironmentAdmin(): Promise<void> {
    const { sudo } = this.config.auth;
    await this.admins.exclusively(async (tx) => {
      const retired = await this.admins.retireEnvironmentAdmins(tx, sudo?.username);
      await this.activities.note(tx, this.clock.now(), retired.map(withoutPassword), []);
      if (!sudo) return;
      const found = await this.admins.findInTransaction(tx, sudo.username);
      const asWanted =
        found?.fromEnvironment &&
        found.admin.isSudo &&
        (await isPassword(sudo.password, found.hashedPassword));
      if (!asWanted) await this.putSudo(tx, sudo, { fromEnvironment: true, by: SYSTEM });
    });
  }

  /**
   * Makes the admin of `SUDO_USERNAME` and `SUDO_PASSWORD` one like any other, who stays when the settings are gone; tokens
   * outlive it unless the password changes. @throws NoEnvironmentAdmin
   */
  async keepEnvironmentAdmin(
    by: Actor,
  ): Promise<{ admin: Admin; outcome: 'created' | 'updated' | 'unchanged' }> {
    const { sudo } = this.config.auth;
    if (!sudo) throw new NoEnvironmentAdmin();
    return this.admins.exclusively(async (tx) => {
      const found = await this.admins.findInTransaction(tx, sudo.username);
      const isRight = found?.admin.isSudo && (await isPassword(sudo.password, found.hashedPassword));
      if (!found || !isRight) {
        const admin = await this.putSudo(tx, sudo, { fromEnvironment: false, by });
        return { admin, outcome: found ? 'updated' : 'created' } as const;
      }
      if (!found.fromEnvironment) return { admin: found.admin, outcome: 'unchanged' } as const;
      const admin = await this.admins.update(tx, found.admin.id, { fromEnvironment: false });
      const [before, after] = [{ fromEnvironment: true }, { fromEnvironment: false }];
      await this.note(tx, 'admin_updated', by, admin, { before, after });
      return { admin, outcome: 'updated' } as const;
    });
  }

  /**
   * The sudo admin `admin` with this password, when no sudo admin could log in otherwise; else undefined. Of several
   * replicas that start together one makes it. A start that did, and was not told so, is told when it asks again.
   */
  async ensureFirstAdmin(password: string): Promise<{ username: string; password: string } | undefined> {
    if (this.config.auth.sudo) return undefined;
    const hashedPassword = await this.admins.exclusively(async (tx) => {
      if (!(await this.admins.hasSudo(tx))) {
        const first = { username: FIRST_ADMIN, password };
        await this.putSudo(tx, first, { fromEnvironment: false, by: SYSTEM });
      }
      return (await this.admins.findInTransaction(tx, FIRST_ADMIN))?.hashedPassword;
    });
    const isOurs = hashedPassword !== undefined && (await isPassword(password, hashedPassword));
    return isOurs ? { username: FIRST_ADMIN, password } : undefined;
  }

  private async putSudo(
    tx: Tx,
    { username, password }: { username: string; password: string },
    { fromEnvironment, by }: { fromEnvironment: boolean; by: Actor },
  ): Promise<Admin> {
    const before = (await this.admins.findInTransaction(tx, username))?.admin;
    const admin = await this.admins.putSudo(tx, username, await hashPassword(password), fromEnvironment);
    if (before) await this.note(tx, 'admin_updated', by, admin, changeOf(before, admin, true));
    else await this.note(tx, 'admin_created', by, admin, { after: factsOf(admin) });
    return admin;
  }

  private isOfSettings({ username }: Admin): boolean {
    return this.config.auth.sudo?.username === username;
  }

  private refuseThatOfSettings(admin: Admin): void {
    if (this.isOfSettings(admin)) throw new AdminOfSettings();
  }

  /** Changes the locked admin and notes it. Throws `AdminNotFound`. */
  private async change(
    by: Actor,
    action: string,
    { id }: Admin,
    write: (tx: Tx, before: Admin) => Promise<Change & { admin: Admin }>,
  ): Promise<Admin> {
    return this.db.transaction(async (tx) => {
      const before = await this.admins.lock(tx, id);
      if (!before) throw new AdminNotFound();
      const { admin, ...change } = await write(tx, before);
      await this.note(tx, action, by, admin, change);
      return admin;
    });
  }

  private async note(
    tx: Tx,
    action: string,
    by: Actor,
    { id, username }: Pick<Admin, 'id' | 'username'>,
    change: Change,
  ): Promise<void> {
    const subject = { kind: 'admin', id, name: username } as const;
    await this.activities.note(tx, this.clock.now(), [{ action, by, subject, ...change }], []);
  }
}

type Change = Pick<Activity, 'before' | 'after'>;

/** What the removal of an admin makes of its users. */
const orphaned = (user: { id: number; username: string }, by: Actor, owner: Admin): Activity => ({
  action: 'user_owner_changed',
  by,
  subject: { kind: 'user', id: user.id, name: user.username },
  before: { owner: owner.username },
  after: { owner: null },
});

const withoutPassword = ({ id, username }: { id: number; username: string }): Activity => ({
  action: 'admin_updated',
  by: SYSTEM,
  subject: { kind: 'admin', id, name: username },
  after: { password: 'removed' },
});
