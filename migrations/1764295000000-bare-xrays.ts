import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the API is reached of an Xray that somebody else runs. The keys of client certificates are among the secrets. */
export class BareXrays1764295000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      ALTER TABLE nodes
        ADD api_tls                text NOT NULL DEFAULT 'verify' CHECK (api_tls IN ('verify', 'off')),
        ADD api_server_name        text,
        ADD api_ca_certificate     text,
        ADD api_client_certificate text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(/* sql */ `
      DELETE FROM secrets WHERE starts_with(name, 'node_client_key_');
      ALTER TABLE nodes
        DROP api_tls, DROP api_server_name, DROP api_ca_certificate, DROP api_client_certificate`);
  }
}
