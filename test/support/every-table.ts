/** Something in each table there is. @throws when a table has nothing: it wants a row here. */
export async function everyTable(sql: <R>(text: string) => Promise<R[]>): Promise<void> {
  await sql(ROWS);
  const tables = await sql<{ name: string; isFilled: boolean }>(`
    SELECT relname AS name, xpath_exists('//row', query_to_xml('SELECT 1 FROM ' || quote_ident(relname) || ' LIMIT 1', false, false, ''))
             AS "isFilled"
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'migrations'`);
  const empty = tables.filter(({ isFilled }) => !isFilled).map(({ name }) => name);
  if (empty.length > 0) throw new Error(`Without any row: ${empty}`);
}

const ROWS = /* sql */ `
INSERT INTO secrets (name, value) VALUES ('node_client_key_1', 'x'), ('node_other', 'y');
INSERT INTO job_lease (name, holder, expires_at) VALUES ('a-job', gen_random_uuid(), now());
INSERT INTO admins (username, telegram_id) VALUES ('root', 77);
INSERT INTO admin_usage_logs (admin_id, used_traffic_at_reset) SELECT id, 5 FROM admins;
INSERT INTO login_failures (key, failures) VALUES ('root', 3);
INSERT INTO known_logins (admin_id, network) SELECT id, '192.0.2.0/24' FROM admins;
INSERT INTO core_config (source, sha256, state) VALUES ('{}', '\\x00', 'active');
INSERT INTO inbounds (tag) VALUES ('VLESS');
INSERT INTO user_templates (name) VALUES ('month');
INSERT INTO users (username, status, reset_strategy, hold_seconds, created_at, proxies, auto_delete_in_days, status_before_disable)
VALUES ('daily', 'active', 'day', NULL, '2026-01-01T03:04:05.678Z', '{"vless":{"id":"5f3c6f1e-0d4b-4b53-9a53-0c8a1d5b7e11"}}', 3, NULL),
       ('weekly', 'active', 'week', NULL, '2026-01-01Z', '{"trojan":{"password":"x"}}', NULL, NULL),
       ('monthly', 'active', 'month', NULL, '2026-01-01Z', '{}', NULL, NULL),
       ('yearly', 'active', 'year', NULL, '2026-01-01Z', '{}', NULL, NULL),
       ('on_hold', 'on_hold', 'no_reset', 60, '2026-01-01Z', '{}', NULL, NULL),
       ('held', 'disabled', 'no_reset', 60, '2026-01-01Z', '{}', NULL, NULL),
       ('held_with_others', 'disabled', 'no_reset', 60, '2026-01-01Z', '{}', NULL, 'on_hold'),
       ('disabled', 'disabled', 'no_reset', NULL, '2026-01-01Z', '{}', NULL, NULL),
       ('expired', 'expired', 'no_reset', NULL, '2026-01-01Z', '{}', 5, NULL);
UPDATE users SET admin_id = (SELECT id FROM admins);
INSERT INTO user_usage (user_id, used_traffic, last_reset_at)
SELECT id, 10, CASE WHEN username IN ('weekly', 'monthly', 'yearly') THEN '2026-02-01Z'::timestamptz END FROM users;
INSERT INTO user_usage_logs (user_id, used_traffic_at_reset) SELECT id, 7 FROM users;
INSERT INTO user_reminders (user_id, kind, threshold, sent_at) SELECT id, 'data_usage', 80, now() FROM users;
INSERT INTO next_plans (user_id) SELECT id FROM users WHERE username = 'weekly';
INSERT INTO nodes (kind, name, address, data_dir_id) VALUES ('local', 'Master', '', gen_random_uuid()), ('local', 'Master', '', gen_random_uuid());
INSERT INTO nodes (kind, name, address, server_cert_pem, usage_coefficient)
VALUES ('marzban_node', 'DE', 'de', '-----BEGIN CERTIFICATE-----eHl6-----END CERTIFICATE-----', 2);
INSERT INTO node_core_start (node_id, core_epoch, reason, xray_version) SELECT id, 1, 'config', '26.3.27' FROM nodes;
INSERT INTO node_user_counter (node_id, user_id, core_epoch, up, down) SELECT n.id, u.id, 1, 2, 3 FROM nodes n, users u;
INSERT INTO node_outbound_counter (node_id, tag, core_epoch, up, down) SELECT id, 'DIRECT', 1, 2, 3 FROM nodes;
INSERT INTO node_usages (node_id, created_at) SELECT id, '2026-01-01Z' FROM nodes;
INSERT INTO node_user_usages (user_id, created_at, node_id) SELECT u.id, '2026-01-01Z', n.id FROM nodes n, users u;
UPDATE node_runtime SET refusals = 2, refusal = 'no', intended_start = '{}', core_starts = '{"config":1}', core_marker = 'm';
INSERT INTO replica (id, name, version, role) VALUES (gen_random_uuid(), 'here', '1', 'api');
INSERT INTO jobs (name, interval_seconds, due_at) VALUES ('review-users', 10, now());
INSERT INTO activity (at, action, actor_kind, subject_kind) VALUES (now(), 'user_created', 'cli', 'user');
INSERT INTO notification (id, at, action) VALUES ('00000000-0000-4000-8000-000000000001', now(), 'login');
INSERT INTO notification_delivery (notification_id, target, send_at) SELECT id, 'discord', now() FROM notification;
INSERT INTO imports (source_id, source, is_merge, first_at, last_at) VALUES ('a', 'sqlite', false, now(), now());
`;
