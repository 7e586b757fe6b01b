import { readFile } from 'node:fs/promises';

/**
 * Those of the files that are mount points of their own: a Kubernetes subPath mount, or a single file bound into a
 * container. Such a file never changes, whatever happens to its source.
 *
 * @param mountInfo for tests; see proc_pid_mountinfo(5). Where there is none (macOS) nothing is found
 */
export async function findFileMounts(
  files: readonly string[],
  mountInfo = '/proc/self/mountinfo',
): Promise<string[]> {
  const text = await readFile(mountInfo, 'utf8').catch(() => '');
  const points = new Set(text.split('\n').map((line) => unescapeOctal(line.split(' ')[4] ?? '')));
  return files.filter((file) => points.has(file));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
