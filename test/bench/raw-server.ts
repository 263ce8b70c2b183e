/**
 * The reference of the HTTP benchmarks: the least that could answer the same bytes. Express 5, one `pg` pool,
 * prepared statements, a hand-written mapper; no authentication, no validation, no counting, links stored ready made.
 */
import express from 'express';
import pg from 'pg';

interface RawRow {
  id: number;
  username: string;
  status: string;
  used_traffic: string;
  data_limit: string | null;
  expire: string | null;
  proxies: object;
  inbounds: object;
  excluded_inbounds: object;
  admin: object;
  links: string[];
  subscription_url: string;
  note: string | null;
  created_at: Date;
}

const pool = new pg.Pool({
  host: process.env.PG_SOCKET,
  user: process.env.PG_USER,
  database: 'raw',
  max: 10,
});

const app = express();
app.use(express.json());
app.set('etag', false);

app.get('/ready', async (_, res) => {
  await pool.query('SELECT 1');
  res.end();
});

app.get('/sub/:token/:format', async (req, res) => {
  const { rows } = await pool.query<{ headers: Record<string, string>; body: string }>({
    name: 'subscription',
    text: 'SELECT headers, body FROM raw_subscriptions WHERE token = $1 AND format = $2',
    values: [req.params.token, req.params.format],
  });
  res.set(rows[0]!.headers).send(rows[0]!.body);
});

app.get('/api/user/:username', async (req, res) => {
  const { rows } = await pool.query<RawRow>({
    name: 'one',
    text: 'SELECT * FROM raw_users WHERE username = $1',
    values: [req.params.username],
  });
  res.json(toUser(rows[0]!));
});

app.get('/api/users', async (req, res) => {
  const { rows } = await pool.query<RawRow>({
    name: 'list',
    text: 'SELECT * FROM raw_users ORDER BY id LIMIT $1 OFFSET $2',
    values: [req.query.limit, req.query.offset ?? 0],
  });
  res.json({ users: rows.map(toUser), total: Number(process.env.TOTAL) });
});

app.post('/api/user', async (req, res) => {
  const { rows } = await pool.query<RawRow>({
    name: 'create',
    text: `INSERT INTO raw_users (username, proxies, inbounds, excluded_inbounds, admin, links, subscription_url)
           SELECT $1, $2, inbounds, excluded_inbounds, admin, links, subscription_url FROM raw_users WHERE id = 1
           RETURNING *`,
    values: [req.body.username, req.body.proxies],
  });
  res.json(toUser(rows[0]!));
});

function toUser(row: RawRow): object {
  return {
    proxies: row.proxies,
    expire: row.expire === null ? null : Number(row.expire),
    data_limit: row.data_limit === null ? null : Number(row.data_limit),
    data_limit_reset_strategy: 'no_reset',
    inbounds: row.inbounds,
    note: row.note,
    sub_updated_at: null,
    sub_last_user_agent: null,
    online_at: null,
    on_hold_expire_duration: null,
    on_hold_timeout: null,
    auto_delete_in_days: null,
    next_plan: null,
    username: row.username,
    status: row.status,
    used_traffic: Number(row.used_traffic),
    lifetime_used_traffic: Number(row.used_traffic),
    created_at: row.created_at.toISOString().slice(0, -1),
    links: row.links,
    subscription_url: row.subscription_url,
    excluded_inbounds: row.excluded_inbounds,
    admin: row.admin,
  };
}

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close(() => void pool.end());
  server.closeAllConnections();
});
