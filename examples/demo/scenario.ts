import type { SidecarProcess } from './sidecar-process.ts';
import { makeFiles, type Stage } from './stage.ts';
import { callDirectly } from './steps/call-directly.ts';
import { callThroughConnect } from './steps/call-through-connect.ts';
import { callThroughSidecar } from './steps/call-through-sidecar.ts';
import { breakBundle, mendBundle } from './steps/change-bundle.ts';
import { showCurl, showMetrics } from './steps/show.ts';
import { startServer } from './steps/start-server.ts';
import { startSidecar } from './steps/start-sidecar.ts';
import { findStrictPython } from './strict-python.ts';

/** Plays all steps. @returns the sidecar, which runs until the clean-up */
export async function play(stage: Stage): Promise<SidecarProcess> {
  const files = makeFiles(stage.cleanUp);
  const url = await startServer(stage, files);
  const python = findStrictPython();
  await callDirectly(stage, { url, files, python });
  const sidecar = await startSidecar(stage, files, url);
  const session = await callThroughSidecar(stage, { sidecar, files, python });
  await callThroughConnect(stage, { sidecar, url, files, python });
  const change = { sidecar, files, session };
  const failures = await breakBundle(stage, change);
  await mendBundle(stage, { ...change, failures });
  await showMetrics(stage, sidecar);
  await showCurl(stage, { sidecar, session });
  return sidecar.process;
}
