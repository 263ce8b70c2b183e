import { Injectable } from '@nestjs/common';
import { Database } from '../../shared/database/database.js';
import type { Admin } from './admin.js';

/** An admin with what its logins are checked against. */
export interface Credentials {
  admin: Admin;
  /** Null: cannot log in. */
  hashedPassword: string | null;
  credentialVersion: number;
}

interface AdminRow {
  id: number;
  username: string;
  is_sudo: boolean;
  telegram_id: bigint | null;
  discord_webhook: string | null;
  users_usage: bigint;
  hashed_password: string | null;
  credential_version: number;
}

const COLUMNS = `id, username, is_sudo, telegram_id, discord_webhook, users_usage, hashed_password, credential_version`;
const byId = { name: 'admin_by_id', text: `SELECT ${COLUMNS} FROM admins WHERE id = $1` };
const byName = { name: 'admin_by_name', text: `SELECT ${COLUMNS} FROM admins WHERE username = $1` };

@Injectable()
export class AdminsRepository {
  constructor(private readonly db: Database) {}

  async findCredentials(id: number): Promise<Credentials | undefined> {
    const [row] = await this.db.point<AdminRow>(byId, [id]);
    return row && toCredentials(row);
  }

  async findCredentialsByName(username: string): Promise<Credentials | undefined> {
    const [row] = await this.db.point<AdminRow>(byName, [username]);
    return row && toCredentials(row);
  }
}

function toCredentials(row: AdminRow): Credentials {
  return {
    admin: {
      id: row.id,
      username: row.username,
      isSudo: row.is_sudo,
      telegramId: row.telegram_id,
      discordWebhook: row.discord_webhook,
      usersUsage: row.users_usage,
    },
    hashedPassword: row.hashed_password,
    credentialVersion: row.credential_version,
  };
}
