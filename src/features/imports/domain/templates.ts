import type { SourceRow } from '../source/source.js';
import type { Mapped } from './remarks.js';
import { clip, MAX_INT, RowReader, toId } from './values.js';

export interface TargetTemplate {
  id: number;
  name: string;
  dataLimit: bigint;
  expireSeconds: bigint;
  usernamePrefix: string | null;
  usernameSuffix: string | null;
  inboundTags: string[];
}

/** One template with its tags. Source: Marzban `app/db/models.py` (`UserTemplate`). */
export function mapTemplate(row: SourceRow, inboundTags: readonly string[]): Mapped<TargetTemplate> {
  const id = toId(row.id);
  const read = new RowReader(row, 'user_templates', id, row.name === null ? null : clip(String(row.name)));
  const name = read.text('name');
  if (name === null || id === null || id > MAX_INT || Buffer.byteLength(name) > 2000) {
    return read.refused('a template without a usable name or id');
  }
  const amount = (column: string) => {
    const value = read.integer(column) ?? 0n;
    if (value < 0n) read.adjusted(`${column} is negative: none`, String(value));
    return value < 0n ? 0n : value;
  };
  const affix = (column: string) => {
    const text = read.text(column);
    if (text === '') read.adjusted(`${column} is empty, which the list of templates cannot show: none`);
    return text || null;
  };
  return {
    row: {
      id: Number(id),
      name,
      dataLimit: amount('data_limit'),
      expireSeconds: amount('expire_duration'),
      usernamePrefix: affix('username_prefix'),
      usernameSuffix: affix('username_suffix'),
      inboundTags: [...new Set(inboundTags)],
    },
    remarks: read.remarks,
  };
}

/** The tags of templates, by their ids; what leads nowhere is dropped. */
export function mapTemplateTag(
  row: SourceRow,
  templates: ReadonlySet<number>,
  tags: ReadonlySet<string>,
): Mapped<{ templateId: number; tag: string }> {
  const read = new RowReader(row, 'template_inbounds_association', toId(row.user_template_id), null);
  const templateId = read.int('user_template_id');
  const tag = read.text('inbound_tag');
  if (templateId === null || !templates.has(templateId))
    return read.dropped('of a template that does not exist');
  if (tag === null || !tags.has(tag)) return read.dropped('of an inbound without a row', clip(tag ?? 'null'));
  return { row: { templateId, tag }, remarks: read.remarks };
}
