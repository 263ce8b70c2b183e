import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { inheritedEnvironment } from '../../config/environment.js';
import { systemReason } from '../../config/startup-error.js';
import { within } from '../../shared/scheduling/within.js';
import { installedXrayPath, type XrayExecutable, xrayVersion } from '../process/executable.js';
import { archiveName, publishedDigest, sha256, unpackRelease } from './release-archive.js';

/** The Xray this version of Margrave is tested with. */
export const XRAY_VERSION = '26.3.27';
/** The same source as a Go module: Go wants a major version below 2, so Xray numbers its modules differently. */
const GO_MODULE = 'github.com/xtls/xray-core/main@v1.260327.0';

const RELEASES = 'https://github.com/XTLS/Xray-core/releases/download';
const ANSWER_SECONDS = 15;
const DOWNLOAD_SECONDS = 600;
const BUILD_SECONDS = 900;

export interface InstallOptions {
  dataDir: string;
  /** Told what happens, for people. */
  report: (line: string) => void;
  signal?: AbortSignal;
  /** Where releases are downloaded; others than the official ones are for tests and mirrors. */
  releases?: string;
  /** The Go command that builds Xray where releases cannot be reached. */
  go?: string;
}

/** No Xray could be installed; the message says why. */
export class InstallFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InstallFailed';
  }
}

/** The release cannot be had, as opposed to one that must not be used. */
class Unreachable extends Error {}

/**
 * Puts Xray into `dataDir/bin`: the official release for this platform, checked against its published digest, or
 * where that cannot be reached the same version built by Go, which checks sources against its own sum database.
 * @throws InstallFailed
 */
export async function installXray(options: InstallOptions): Promise<XrayExecutable> {
  const target = installedXrayPath(options.dataDir);
  if ((await xrayVersion(target)) === XRAY_VERSION) return { path: target, version: XRAY_VERSION };
  let work: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    work = await mkdtemp(join(dirname(target), '.install-')); // beside the target, so that it can be renamed there
    await fetchRelease(work, options).catch(async (error: unknown) => {
      if (!(error instanceof Unreachable)) throw error;
      options.report(`The official release cannot be had: ${error.message}`);
      await buildFromModule(work!, options);
    });
    return await settle(work, target);
  } catch (error) {
    if (error instanceof InstallFailed) throw error;
    throw new InstallFailed(`Cannot install Xray in ${dirname(target)}: ${systemReason(error)}`);
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
}

async function settle(work: string, target: string): Promise<XrayExecutable> {
  const name = target.slice(dirname(target).length + 1);
  await chmod(join(work, name), 0o755);
  const version = await xrayVersion(join(work, name));
  if (version === undefined) throw new InstallFailed('What was installed does not run here.');
  for (const file of ['geoip.dat', 'geosite.dat', name]) {
    await rename(join(work, file), join(dirname(target), file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || file === name) throw error; // a build brings no geo files
    });
  }
  return { path: target, version };
}

async function fetchRelease(
  work: string,
  { report, signal, releases = RELEASES }: InstallOptions,
): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  const name = archiveName(platform);
  if (name === undefined) throw new Unreachable(`Xray publishes none for ${platform}.`);
  const url = `${releases}/v${XRAY_VERSION}/${name}`;
  report(`Downloading Xray ${XRAY_VERSION} from ${url}`);
  const digest = publishedDigest(Buffer.from(await download(`${url}.dgst`, signal)).toString());
  if (digest === undefined) throw new InstallFailed(`${url}.dgst holds no SHA-256.`);
  const archive = await download(url, signal, report);
  if (sha256(archive) !== digest) {
    throw new InstallFailed(
      `${url} is not what was published: its SHA-256 is ${sha256(archive)}, not ${digest}.`,
    );
  }
  let files: Record<string, Uint8Array>;
  try {
    files = unpackRelease(archive);
  } catch (error) {
    throw new InstallFailed(`${url} cannot be unpacked: ${(error as Error).message}`);
  }
  if (!files.xray && !files['xray.exe']) throw new InstallFailed(`${url} holds no xray.`);
  await Promise.all(Object.entries(files).map(([file, bytes]) => writeFile(join(work, file), bytes)));
}

/** The bytes behind a URL. @throws Unreachable */
async function download(
  url: string,
  cancelled: AbortSignal | undefined,
  report: (line: string) => void = () => undefined,
): Promise<Uint8Array> {
  const unanswered = new AbortController();
  const timer = setTimeout(() => unanswered.abort(), ANSWER_SECONDS * 1000);
  try {
    const signal = within(DOWNLOAD_SECONDS * 1000, unanswered.signal, ...(cancelled ? [cancelled] : []));
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) throw new Unreachable(`${url} answers ${response.status}.`);
    clearTimeout(timer);
    const total = Number(response.headers.get('content-length') ?? 0);
    const chunks: Uint8Array[] = [];
    let size = 0;
    let reported = 0;
    for await (const chunk of response.body) {
      chunks.push(chunk);
      size += chunk.length;
      const quarter = total > 0 ? Math.floor((size / total) * 4) : 0;
      if (quarter > reported) report(`  ${quarter * 25} % of ${(total / 1e6).toFixed(1)} MB`);
      reported = quarter;
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (cancelled?.aborted) throw new InstallFailed('Interrupted.');
    if (error instanceof Unreachable) throw error;
    const { cause, message } = error as Error;
    const reason = unanswered.signal.aborted ? 'no answer' : cause instanceof Error ? cause.message : message;
    throw new Unreachable(`${new URL(url).host}: ${reason || 'no connection'}.`);
  } finally {
    clearTimeout(timer);
  }
}

/** Builds the same version with Go. @throws InstallFailed also when there is no Go. */
async function buildFromModule(work: string, { report, signal, go = 'go' }: InstallOptions): Promise<void> {
  report(`Building Xray ${XRAY_VERSION} with Go instead (a minute or more): go install ${GO_MODULE}`);
  const build = spawn(go, ['install', '-trimpath', '-ldflags=-s -w', GO_MODULE], {
    cwd: work,
    env: inheritedEnvironment({ GOBIN: work, CGO_ENABLED: '0' }),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_SECONDS * 1000,
    ...(signal ? { signal } : {}),
  });
  let last = '';
  const lines = createInterface(build.stderr);
  lines.on('line', (line) => report(`  ${(last = line)}`));
  const code = await new Promise<number | string>((resolve) => {
    build.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    build.once('close', (status, killed) => resolve(status ?? killed ?? 'killed'));
  });
  if (signal?.aborted) throw new InstallFailed('Interrupted.');
  if (code === 'ENOENT') throw new InstallFailed('Neither the official release nor Go is at hand.');
  if (code !== 0) throw new InstallFailed(`go install failed (${code})${last ? `: ${last}` : ''}.`);
  const made = join(work, process.platform === 'win32' ? 'main.exe' : 'main');
  await rename(made, join(work, process.platform === 'win32' ? 'xray.exe' : 'xray'));
}
