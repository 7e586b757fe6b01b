import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeCatalogue } from './write-catalogue.ts';

const directory = join(import.meta.dirname, '../certs');

// What an older catalogue left there would be taken for part of this one.
rmSync(directory, { recursive: true, force: true });
console.log(`${writeCatalogue(directory)} situations are in ${directory}; never trust any of them`);
