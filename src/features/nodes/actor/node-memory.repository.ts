import { Injectable } from '@nestjs/common';
import type { NodeMemory } from '../adapters/node-adapter.js';
import type { Grant } from '../domain/grant.js';
import { WorkerDatabase } from '../../../shared/database/worker-database.js';
import { FencedWrites } from './fenced-writes.js';

/** What adapters learn of nodes, for whoever owns them next. */
@Injectable()
export class NodeMemoryRepository {
  constructor(
    private readonly db: WorkerDatabase,
    private readonly writes: FencedWrites,
  ) {}

  of(grant: Grant): NodeMemory {
    return {
      saveSession: (sessionId) => this.saveSession(grant, sessionId),
      saveCertificate: (pem) => this.saveCertificate(grant, pem),
      nameOf: (nodeId) => this.nameOf(nodeId),
    };
  }

  /** Remembers what the agent calls the session with this installation, which has ended the core of any other. */
  private async saveSession(grant: Grant, sessionId: string | null): Promise<void> {
    await this.writes.run(
      grant,
      `UPDATE node_runtime SET session_id = $3::uuid, core_is_imported = core_is_imported AND $3::uuid IS NULL
        WHERE node_id = $1 AND owner_epoch = $2`,
      [sessionId],
    );
  }

  /** Remembers the certificate that the node is known by from now on. */
  private async saveCertificate(grant: Grant, pem: string): Promise<void> {
    await this.writes.run(
      grant,
      `UPDATE nodes SET server_cert_pem = $3
         FROM (SELECT node_id FROM node_runtime WHERE node_id = $1 AND owner_epoch = $2 FOR UPDATE) fence
        WHERE id = fence.node_id`,
      [pem],
    );
  }

  private async nameOf(nodeId: number): Promise<string | undefined> {
    const row = await this.db.row<{ name: string }>(
      'SELECT name FROM nodes WHERE id = $1 AND deleted_at IS NULL',
      [nodeId],
    );
    return row?.name;
  }
}
