import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of nodes and replicas beyond what anybody decides by: for operators to look at. */
export class FleetState1764292500000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(SCHEMA);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(/* sql */ `
      DROP TABLE node_core_start;
      ALTER TABLE nodes DROP server_cert_sha256, ADD server_cert_sha256 bytea;
      ALTER TABLE node_runtime DROP core_starts, DROP last_error, DROP last_error_at;
      ALTER TABLE node_lease DROP polled_at, DROP pending, DROP users_seen, DROP up_speed, DROP down_speed;
      ALTER TABLE replica DROP version, DROP role`);
  }
}

const SCHEMA = /* sql */ `
-- The last core processes of each node.
CREATE TABLE node_core_start (
  node_id        int NOT NULL REFERENCES nodes ON DELETE CASCADE,
  core_epoch     bigint NOT NULL,
  at             timestamptz NOT NULL DEFAULT now(),
  reason         text NOT NULL,
  xray_version   text NOT NULL,
  config_version bigint,                                  -- null: none of ours
  PRIMARY KEY (node_id, core_epoch)
);

-- It was never written. Who writes the certificate cannot forget it any more.
ALTER TABLE nodes DROP server_cert_sha256,
  ADD server_cert_sha256 bytea GENERATED ALWAYS AS (sha256(decode(split_part(server_cert_pem, '-----', 3), 'base64'))) STORED;

ALTER TABLE node_runtime
  ADD core_starts   jsonb NOT NULL DEFAULT '{}',          -- how many by reason, since ever
  ADD last_error    text,
  ADD last_error_at timestamptz;

-- Told by the owner with each renewal: a row that is written anyway.
ALTER TABLE node_lease
  ADD polled_at  timestamptz,                             -- the counters of users, whether anything had moved or not
  ADD pending    int,                                     -- users whose accounts are not yet what they should be
  ADD users_seen int,                                     -- with traffic within a minute
  ADD up_speed   bigint,                                  -- bytes a second
  ADD down_speed bigint;

ALTER TABLE replica
  ADD version text,
  ADD role    text NOT NULL DEFAULT 'all';
`;
