import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../shared/database/database.js';
import { isUniqueViolation } from '../../shared/database/violations.js';
import type { NewTemplate, TemplateChange, UserTemplate } from './template.js';
import { TemplateNameTaken } from './templates.errors.js';

/** A part of a list; a limit of null means all that follow. */
export interface Page {
  offset: number;
  limit: number | null;
}

const COLUMNS = `id, name, data_limit AS "dataLimit", expire_duration AS "expireSeconds",
  username_prefix AS "usernamePrefix", username_suffix AS "usernameSuffix", inbound_tags AS "inboundTags"`;

@Injectable()
export class TemplatesRepository {
  constructor(private readonly db: Database) {}

  async find(id: number): Promise<UserTemplate | undefined> {
    return this.db.row<UserTemplate>(`SELECT ${COLUMNS} FROM user_templates WHERE id = $1`, [id]);
  }

  /** In the order of their creation. */
  async list({ offset, limit }: Page): Promise<UserTemplate[]> {
    return this.db.rows<UserTemplate>(
      `SELECT ${COLUMNS} FROM user_templates ORDER BY id OFFSET $1 LIMIT $2`,
      [offset, limit],
    );
  }

  /** @throws TemplateNameTaken */
  async insert(tx: Tx, template: NewTemplate): Promise<UserTemplate> {
    const row = await this.write(
      tx,
      `INSERT INTO user_templates
         (name, data_limit, expire_duration, username_prefix, username_suffix, inbound_tags)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
      [
        template.name,
        template.dataLimit,
        template.expireSeconds,
        template.usernamePrefix,
        template.usernameSuffix,
        template.inboundTags,
      ],
    );
    return row!;
  }

  /** The template, locked until the transaction ends; undefined when it is gone. */
  async lock(tx: Tx, id: number): Promise<UserTemplate | undefined> {
    return tx.row<UserTemplate>(`SELECT ${COLUMNS} FROM user_templates WHERE id = $1 FOR UPDATE`, [id]);
  }

  /** Changes a locked template. @throws TemplateNameTaken */
  async update(tx: Tx, id: number, change: TemplateChange): Promise<UserTemplate> {
    const row = await this.write(
      tx,
      `UPDATE user_templates
          SET name = coalesce($2, name),
              data_limit = coalesce($3, data_limit),
              expire_duration = coalesce($4, expire_duration),
              username_prefix = CASE WHEN $5 THEN $6 ELSE username_prefix END,
              username_suffix = CASE WHEN $7 THEN $8 ELSE username_suffix END,
              inbound_tags = coalesce($9, inbound_tags)
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [
        id,
        change.name ?? null,
        change.dataLimit ?? null,
        change.expireSeconds ?? null,
        change.usernamePrefix !== undefined,
        change.usernamePrefix ?? null,
        change.usernameSuffix !== undefined,
        change.usernameSuffix ?? null,
        change.inboundTags ?? null,
      ],
    );
    return row!;
  }

  /** Deletes a locked template. */
  async delete(tx: Tx, id: number): Promise<void> {
    await tx.run('DELETE FROM user_templates WHERE id = $1', [id]);
  }

  private async write(tx: Tx, sql: string, values: unknown[]): Promise<UserTemplate | undefined> {
    try {
      return await tx.row<UserTemplate>(sql, values);
    } catch (error) {
      if (isUniqueViolation(error, 'user_templates_name_key')) throw new TemplateNameTaken();
      throw error;
    }
  }
}
