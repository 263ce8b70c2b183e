import { Injectable } from '@nestjs/common';
import type { Queryable, Tx } from '../../../shared/database/database.js';
import type { TargetHost } from '../domain/hosts.js';
import type { TargetTemplate } from '../domain/templates.js';
import { columnsOf } from './columns.js';

/** Inbounds, their hosts, and templates: what is few. */
@Injectable()
export class TargetHostsRepository {
  /** Removes inbounds that no user can have, with their hosts. */
  async removeOtherInbounds(tx: Tx, tags: readonly string[]): Promise<void> {
    await tx.run('DELETE FROM inbounds WHERE tag <> ALL($1::text[])', [tags]);
  }

  /** Adds those that are missing; returns the tags that are new. */
  async addInbounds(tx: Tx, tags: readonly string[]): Promise<string[]> {
    const rows = await tx.rows<{ tag: string }>(
      `INSERT INTO inbounds (tag)
       SELECT tag FROM unnest($1::text[]) WITH ORDINALITY AS t (tag, n)
        WHERE tag NOT IN (SELECT tag FROM inbounds) ORDER BY n
       RETURNING tag`,
      [tags],
    );
    return rows.map(({ tag }) => tag);
  }

  /** Makes these the hosts of the tags, also where there are none: a new tag has got a first host, an emptied one is to stay empty. */
  async replace(tx: Tx, tags: readonly string[], hosts: readonly TargetHost[]): Promise<void> {
    await tx.run('DELETE FROM hosts WHERE inbound_tag = ANY($1::text[])', [tags]);
    await tx.run(
      `INSERT INTO hosts (inbound_tag, position, remark, address, port, sni, host, path, security, alpn, fingerprint,
                          allowinsecure, is_disabled, mux_enable, fragment_setting, noise_setting, random_user_agent,
                          use_sni_as_host)
       SELECT tag, row_number() OVER (PARTITION BY tag ORDER BY n) - 1, remark, address, port, sni, host, path, security,
              alpn, fingerprint, allowinsecure, is_disabled, mux_enable, fragment_setting, noise_setting,
              random_user_agent, use_sni_as_host
         FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::boolean[], $12::boolean[], $13::boolean[], $14::text[], $15::text[],
                     $16::boolean[], $17::boolean[])
              WITH ORDINALITY AS h (tag, remark, address, port, sni, host, path, security, alpn, fingerprint, allowinsecure,
                                    is_disabled, mux_enable, fragment_setting, noise_setting, random_user_agent,
                                    use_sni_as_host, n)
        ORDER BY n`,
      columnsOf(
        hosts,
        (h) => h.inboundTag,
        (h) => h.remark,
        (h) => h.address,
        (h) => h.port,
        (h) => h.sni,
        (h) => h.host,
        (h) => h.path,
        (h) => h.security,
        (h) => h.alpn,
        (h) => h.fingerprint,
        (h) => h.allowinsecure,
        (h) => h.isDisabled,
        (h) => h.muxEnable,
        (h) => h.fragmentSetting,
        (h) => h.noiseSetting,
        (h) => h.randomUserAgent,
        (h) => h.useSniAsHost,
      ),
    );
    await tx.run('UPDATE control_meta SET hosts_version = hosts_version + 1');
    await tx.run("SELECT pg_notify('hosts_changed', '')");
  }

  /** Of these templates those whose id or name is taken. */
  async takenTemplates(db: Queryable, templates: readonly TargetTemplate[]): Promise<Set<number>> {
    const rows = await db.rows<{ id: number }>(
      `SELECT g.id FROM unnest($1::int[], $2::text[]) AS g (id, name)
        WHERE EXISTS (SELECT FROM user_templates t WHERE t.id = g.id OR t.name = g.name)`,
      columnsOf(
        templates,
        (t) => t.id,
        (t) => t.name,
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Makes each template what is given, by its id; those of `vanished` are removed. */
  async putTemplates(
    tx: Tx,
    templates: readonly TargetTemplate[],
    vanished: readonly number[],
  ): Promise<void> {
    const ids = templates.map(({ id }) => id);
    // A name may have gone to another id since.
    await tx.run(
      `DELETE FROM user_templates t
        WHERE id = ANY($1::int[]) OR EXISTS (SELECT FROM unnest($2::int[], $3::text[]) AS g (id, name)
                                             WHERE g.id <> t.id AND g.name = t.name)`,
      [vanished, ids, templates.map(({ name }) => name)],
    );
    await tx.run(
      `INSERT INTO user_templates (id, name, data_limit, expire_duration, username_prefix, username_suffix, inbound_tags)
       SELECT id, name, data_limit, expire_duration, username_prefix, username_suffix, ARRAY(SELECT json_array_elements_text(tags))
         FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::json[])
              AS t (id, name, data_limit, expire_duration, username_prefix, username_suffix, tags)
       ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, data_limit = excluded.data_limit, expire_duration = excluded.expire_duration,
             username_prefix = excluded.username_prefix, username_suffix = excluded.username_suffix,
             inbound_tags = excluded.inbound_tags`,
      columnsOf(
        templates,
        (t) => t.id,
        (t) => t.name,
        (t) => t.dataLimit,
        (t) => t.expireSeconds,
        (t) => t.usernamePrefix,
        (t) => t.usernameSuffix,
        (t) => JSON.stringify(t.inboundTags),
      ),
    );
  }
}
