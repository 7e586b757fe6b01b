import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

/** The files of a ConfigMap or Secret, by name. */
export type Payload = Readonly<Record<string, string>>;

/** A mounted ConfigMap: what a container sees of it. */
export interface ConfigMap {
  readonly path: (name: string) => string;
  /** What kubelet does when the ConfigMap has changed. */
  readonly update: (payload: Payload) => void;
}

/**
 * Writes a volume as kubelet's AtomicWriter does, step by step as its `Write` numbers them
 * (https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go).
 */
export function mountConfigMap(volume: string, payload: Payload): ConfigMap {
  mkdirSync(volume);
  const data = join(volume, '..data');
  const write = (files: Payload, old: string | undefined) => {
    // (6), (7): a new timestamped directory with every file of the payload.
    const stamped = mkdtempSync(join(volume, `..${new Date().toISOString().replace(/\D/g, '_')}.`));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(stamped, name), text);
    // (8), (9): the link is made under another name and renamed over the one in use.
    const dataTmp = join(volume, '..data_tmp');
    symlinkSync(basename(stamped), dataTmp);
    renameSync(dataTmp, data);
    // (10): links of the names that users see, which never change afterwards.
    if (old === undefined)
      for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(volume, name));
    // (12): the old directory goes at once.
    else rmSync(join(volume, old), { recursive: true });
  };
  write(payload, undefined);
  return { path: (name) => join(volume, name), update: (files) => write(files, readlinkSync(data)) };
}
