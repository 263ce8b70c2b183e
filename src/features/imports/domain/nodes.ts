import type { SourceRow } from '../source/source.js';
import type { Mapped } from './remarks.js';
import { clip, MAX_INT, RowReader, toId } from './values.js';

const STATUSES = ['connected', 'connecting', 'error', 'disabled'];
const EPOCH = new Date(0);

export interface TargetNode {
  id: number;
  name: string;
  address: string;
  port: number;
  apiPort: number;
  status: 'connecting' | 'disabled';
  usageCoefficient: number;
  lastStatusChange: Date;
  createdAt: Date;
}

/** A node as it is wanted: what was seen of it is seen anew. Source: Marzban `app/db/models.py` (`Node`). */
export function mapNode(row: SourceRow): Mapped<TargetNode> {
  const id = toId(row.id);
  const read = new RowReader(row, 'nodes', id, row.name === null ? null : clip(String(row.name)));
  const status = read.text('status') ?? '';
  if (id === null || id > MAX_INT) return read.refused('a node without a usable id');
  if (!STATUSES.includes(status)) return read.refused('the status is one nobody knows', clip(status));
  let isUsable = true;
  const coefficient = toCoefficient(row.usage_coefficient);
  if (coefficient === undefined) {
    read.adjusted(
      'the coefficient is not above 0: 1, and the node is disabled',
      String(row.usage_coefficient),
    );
    isUsable = false;
  }
  const port = (column: string) => {
    const value = read.integer(column);
    if (value !== null && value > 0n && value <= 65_535n) return Number(value);
    read.adjusted(`${column} is none: 1, and the node is disabled`, String(value));
    isUsable = false;
    return 1;
  };
  const name = read.text('name');
  if (name === null) read.adjusted('a node without a name: it has its id for one');
  const createdAt = read.instant('created_at') ?? EPOCH;
  const [agentPort, apiPort] = [port('port'), port('api_port')];
  return {
    row: {
      id: Number(id),
      name: name ?? `node ${id}`,
      address: read.text('address') ?? '',
      port: agentPort,
      apiPort,
      status: isUsable && status !== 'disabled' ? 'connecting' : 'disabled',
      usageCoefficient: coefficient ?? 1,
      lastStatusChange: read.instant('last_status_change') ?? createdAt,
      createdAt,
    },
    remarks: read.remarks,
  };
}

/** Single precision of MySQL ends after six digits. */
function toCoefficient(value: unknown): number | undefined {
  const number = Math.round(Number(value) * 1e6) / 1e6;
  return value !== null && Number.isFinite(number) && number > 0 ? number : undefined;
}
