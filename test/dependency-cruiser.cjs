// The import rules of the house. `npm run lint:imports` checks them.

/** Features in order: each may import those named, and only their index.ts. */
const FEATURES = {
  admins: [],
  core: ['admins'],
  hosts: ['admins', 'core'],
  templates: ['admins', 'core', 'hosts'],
  users: ['admins', 'core', 'hosts', 'templates'],
  subscription: ['admins', 'core', 'hosts', 'templates', 'users'],
  nodes: ['admins', 'core', 'hosts', 'users'],
  notifications: ['admins', 'users'],
  system: ['admins', 'core', 'hosts', 'templates', 'users', 'subscription', 'nodes', 'notifications'],
  imports: ['admins', 'core', 'hosts', 'templates', 'users', 'subscription', 'nodes'],
};

/** Rooms of the nodes feature, the same way: what operators say of nodes (beside `domain/`) knows none of them. */
const NODE_ROOMS = {
  adapters: ['identity'],
  convergence: ['adapters'],
  metering: ['adapters'],
  actor: ['adapters', 'convergence', 'metering'],
  ownership: ['adapters', 'actor'],
  logs: ['adapters'],
  identity: [],
  state: [],
};

/** Rooms of the notifications feature: ways to tell others, which know only what a channel is. */
const CHANNELS = ['webhooks', 'telegram', 'discord'];

const PURE =
  '^src/(client-configs|jinja|text|xray/config|shared/domain|features/[^/]+/domain|features/subscription/page)/|/plan\\.ts$';
/** Specs read golden files. */
const SPEC = '\\.spec\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      // One of types alone vanishes when it is compiled, but whoever reads one file must still read the other.
      to: { circular: true },
    },
    ...Object.entries(FEATURES).flatMap(([feature, allowed]) => [
      {
        name: `${feature}-imports-only-what-comes-before`,
        severity: 'error',
        from: { path: `^src/features/${feature}/` },
        to: { path: '^src/features/', pathNot: `^src/features/(${[feature, ...allowed].join('|')})/` },
      },
      {
        name: `${feature}-is-entered-at-its-index`,
        severity: 'error',
        from: { path: '^src/', pathNot: `^src/features/${feature}/` },
        to: { path: `^src/features/${feature}/`, pathNot: `^src/features/${feature}/index\\.ts$` },
      },
    ]),
    ...Object.entries(NODE_ROOMS).map(([room, allowed]) => ({
      name: `nodes-${room}-knows-only-the-rooms-below-it`,
      severity: 'error',
      from: { path: `^src/features/nodes/${room}/` },
      to: {
        path: `^src/features/nodes/(${Object.keys(NODE_ROOMS).join('|')})/`,
        pathNot: `^src/features/nodes/(${[room, ...allowed].join('|')})/`,
      },
    })),
    {
      name: 'rows-of-nodes-know-none-of-the-rooms',
      severity: 'error',
      from: { path: '^src/features/nodes/(domain/|node[^/]*\\.ts$)', pathNot: '\\.module\\.ts$' },
      to: {
        path: `^src/features/nodes/(${Object.keys(NODE_ROOMS).join('|')})/`,
        pathNot: '^src/features/nodes/identity/',
        dependencyTypesNot: ['type-only'],
      },
    },
    ...CHANNELS.map((room) => ({
      name: `notifications-${room}-knows-only-what-a-channel-is`,
      severity: 'error',
      from: { path: `^src/features/notifications/${room}/` },
      to: {
        path: '^src/features/notifications/',
        pathNot: `^src/features/notifications/(${room}/|channel\\.ts$|domain/)`,
      },
    })),
    {
      name: 'features-are-known-to-features-and-the-app-only',
      severity: 'error',
      from: { path: '^src/(shared|xray|client-configs|jinja|text|config|generated)/' },
      to: { path: '^src/features/' },
    },
    {
      name: 'config-is-below-all-that-reads-it',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/(config|text)/' },
    },
    {
      name: 'pure-code-imports-pure-code',
      comment:
        'Values in, values out: no Nest, no TypeORM, no drivers, no I/O. Types of others are no dependency.',
      severity: 'error',
      from: { path: PURE, pathNot: SPEC },
      to: {
        dependencyTypesNot: ['type-only'],
        path: '^(src|migrations)/|(^|/)node_modules/(@nestjs|typeorm|pg|@grpc|express|undici|pino)(/|$)',
        pathNot: PURE,
      },
    },
    {
      name: 'pure-code-does-no-io',
      severity: 'error',
      from: { path: PURE, pathNot: SPEC },
      to: {
        path: '^(node:)?(fs|fs/promises|net|http|https|http2|tls|dns|dgram|child_process|cluster|worker_threads|os|process|timers|timers/promises|readline|async_hooks)$',
      },
    },
    {
      name: 'typeorm-in-repositories',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/shared/database/|(\\.repository|\\.entity)\\.ts$|/entities/|\\.module\\.ts$',
      },
      to: { path: '(^|/)node_modules/(typeorm|@nestjs/typeorm|pg)(/|$)' },
    },
    {
      name: 'grpc-in-its-place',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(xray/grpc|generated)/|^src/features/nodes/adapters/' },
      to: { path: '(^|/)node_modules/@grpc/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-of-tests-in-the-service',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: '^test/|(^|/)node_modules/(vitest|supertest|fast-check|autocannon)(/|$)' },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.d.ts'],
    },
  },
};
