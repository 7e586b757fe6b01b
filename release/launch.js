#!/usr/bin/env node
/* global process -- to import it has Node read each of its getters, 5 ms of every start */

// The command of the package. It is of a syntax that every Node reads: one that is too old would say nothing but
// "SyntaxError" of the program itself. Keep the numbers those of engines in package.json.
const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const isFit =
  (major === 24 && minor >= 17) || (major === 26 && (minor > 3 || (minor === 3 && patch >= 1))) || major > 26;
if (isFit) {
  await import('./main.js');
} else {
  process.stderr.write(
    `error: this is Node ${process.versions.node}, on which mcp-tls-sidecar does not run\n` +
      'hint: take Node 24.17 or later of that line, or 26.3.1 or later\n',
  );
  process.exitCode = 1;
}
