import { Injectable } from '@nestjs/common';
import { Database } from '../../../shared/database/database.js';
import { type ClientCertificate, makeClientCertificate } from './client-certificate.js';

const SECRET = 'node_client_certificate';

/** How the service shows itself to nodes: one key and certificate for the whole installation, made when first asked for. */
@Injectable()
export class NodeIdentity {
  private known: Promise<ClientCertificate> | undefined;

  constructor(private readonly db: Database) {}

  get(): Promise<ClientCertificate> {
    if (this.known) return this.known;
    const loading = this.load();
    this.known = loading;
    loading.catch(() => (this.known = undefined));
    return loading;
  }

  private async load(): Promise<ClientCertificate> {
    const stored = await this.find();
    if (stored) return stored;
    // Of replicas that get here at once, the first wins.
    await this.db.run('INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      SECRET,
      JSON.stringify(await makeClientCertificate(new Date())),
    ]);
    return (await this.find())!;
  }

  private async find(): Promise<ClientCertificate | undefined> {
    const row = await this.db.row<{ value: string }>('SELECT value FROM secrets WHERE name = $1', [SECRET]);
    return row && (JSON.parse(row.value) as ClientCertificate);
  }
}
