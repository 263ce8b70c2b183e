import { Injectable } from '@nestjs/common';
import { SecretStore } from '../../../shared/secrets/secret-store.js';
import { type ClientCertificate, makeClientCertificate } from './client-certificate.js';

const SECRET = 'node_client_certificate';

/** How the service shows itself to nodes: one key and certificate for the whole installation, made when first asked for. */
@Injectable()
export class NodeIdentity {
  private known: Promise<ClientCertificate> | undefined;

  constructor(private readonly secrets: SecretStore) {}

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
    const made = await makeClientCertificate(new Date());
    await this.secrets.addMissing(new Map([[SECRET, JSON.stringify(made)]]));
    return (await this.find())!;
  }

  private async find(): Promise<ClientCertificate | undefined> {
    const text = await this.secrets.find(SECRET);
    return text === undefined ? undefined : (JSON.parse(text) as ClientCertificate);
  }
}
