#!/usr/bin/env -S NODE_USE_ENV_PROXY=1 node
/** A user's browser, with a user who agrees, as `$BROWSER` names it: opens the URL and goes where it is sent. */
const answer = await fetch(process.argv[2] ?? '');
process.exitCode = answer.ok ? 0 : 1;
