import { build } from '../scripts/build.mjs';

/** Tests of the command line and of worker processes run dist/, so it must be what src/ says. */
export async function setup(): Promise<void> {
  await build();
}
