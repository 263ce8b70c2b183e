import type { EmbeddedPostgres } from '../../src/shared/database/embedded-postgres.js';
import type { Row } from './report.js';

export async function fleetRows(_postgres: EmbeddedPostgres, _users: number): Promise<Row[]> {
  return [];
}
