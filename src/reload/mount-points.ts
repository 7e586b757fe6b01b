import { readFile, realpath, stat } from 'node:fs/promises';

/**
 * Those of the paths that are files mounted by themselves: a Kubernetes subPath mount, or a single file bound into a
 * container. What is renamed into the place of its source never shows there. A directory that is mounted is well.
 *
 * @param mountInfo for tests; see proc_pid_mountinfo(5). Where there is none (macOS) nothing is found
 */
export async function findFileMounts(
  paths: readonly string[],
  mountInfo = '/proc/self/mountinfo',
): Promise<string[]> {
  const text = await readFile(mountInfo, 'utf8').catch(() => '');
  const points = new Set(text.split('\n').map((line) => unescapeOctal(line.split(' ')[4] ?? '')));
  const mounted = await Promise.all(paths.map((path) => isFileAt(points, path)));
  return paths.filter((_, index) => mounted[index]);
}

async function isFileAt(points: ReadonlySet<string>, path: string): Promise<boolean> {
  try {
    return points.has(await realpath(path)) && (await stat(path)).isFile();
  } catch {
    // What is not there is not mounted.
    return false;
  }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
