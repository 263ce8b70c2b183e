import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { Admin } from './admin.js';
import {
  AdminNameTaken,
  AdminNotFound,
  OtherSudoUntouchable,
  OwnSudoKept,
  PasswordFromEnvironment,
  SudoNotRemovable,
} from './admins.errors.js';
import {
  type AdminChange,
  type AdminFilter,
  AdminsRepository,
  type Credentials,
} from './admins.repository.js';
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
export type AdminOrderChange = Omit<AdminChange, 'hashedPassword'> & { password?: string };

@Injectable()
export class AdminsService {
  constructor(
    private readonly admins: AdminsRepository,
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

  /** Throws `AdminNameTaken`, also for a name that differs in case only. */
  async create({ password, ...order }: AdminOrder): Promise<Admin> {
    const created = await this.admins.insert({ ...order, hashedPassword: await hashPassword(password) });
    if (!created) throw new AdminNameTaken();
    return created;
  }

  /**
   * A new password voids the admin's tokens; the present one again does not. Sudo admins may change themselves and
   * those without sudo rights.
   */
  async modify(actor: Admin, target: Credentials, { password, ...change }: AdminOrderChange): Promise<Admin> {
    const { admin } = target;
    if (!mayModify(actor, admin)) throw new OtherSudoUntouchable();
    if (admin.isSudo && change.isSudo === false) throw new OwnSudoKept();
    const isNew = password !== undefined && !(await isPassword(password, target.hashedPassword));
    if (isNew && target.fromEnvironment) throw new PasswordFromEnvironment();
    const hashedPassword = isNew ? await hashPassword(password) : undefined;
    const modified = await this.admins.update(admin.id, { ...change, hashedPassword });
    if (!modified) throw new AdminNotFound();
    return modified;
  }

  /** The users of a removed admin stay, without an owner. Sudo admins cannot be removed. */
  async remove(target: Admin): Promise<void> {
    if (!mayRemove(target)) throw new SudoNotRemovable();
    if (!(await this.admins.remove(target.id))) throw new AdminNotFound();
  }

  async resetUsage(target: Admin): Promise<Admin> {
    const reset = await this.admins.resetUsage(target.id);
    if (!reset) throw new AdminNotFound();
    return reset;
  }

  /**
   * Makes the admin of `SUDO_USERNAME` and `SUDO_PASSWORD` what they say: a row like any other, so that users have an
   * owner. Its tokens outlive a start unless the password changed; those the settings no longer name cannot log in.
   */
  async ensureEnvironmentAdmin(): Promise<void> {
    const { sudo } = this.config.auth;
    await this.admins.exclusively(async (tx) => {
      await this.admins.retireEnvironmentAdmins(tx, sudo?.username);
      if (!sudo) return;
      const found = await this.admins.findInTransaction(tx, sudo.username);
      const asWanted =
        found?.fromEnvironment &&
        found.admin.isSudo &&
        (await isPassword(sudo.password, found.hashedPassword));
      if (!asWanted) await this.admins.putSudo(tx, sudo.username, await hashPassword(sudo.password), true);
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
        await this.admins.putSudo(tx, FIRST_ADMIN, await hashPassword(password), false);
      }
      return (await this.admins.findInTransaction(tx, FIRST_ADMIN))?.hashedPassword;
    });
    const isOurs = hashedPassword !== undefined && (await isPassword(password, hashedPassword));
    return isOurs ? { username: FIRST_ADMIN, password } : undefined;
  }
}
