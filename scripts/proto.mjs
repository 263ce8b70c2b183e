// Writes the types of proto/ to src/generated, or to the folder given (a test compares the two).
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const generator = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json')),
  'build/bin/proto-loader-gen-types.js',
);
const outDir = resolve(process.argv[2] ?? join(root, 'src/generated'));

rmSync(outDir, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [
    generator,
    '--keepCase',
    '--longs=String',
    '--defaults',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.js',
    '--includeDirs=proto',
    `--outDir=${outDir}`,
    'xray.proto',
  ],
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
);
