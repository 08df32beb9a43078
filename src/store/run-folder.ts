/**
 * A run folder: one dataset, and a folder per scheme trained on it.
 *
 *   dataset.json
 *   <scheme>/  checkpoint.safetensors  model.json  model.safetensors  quantized.json
 *              quantized.safetensors  design.json  simulation.json  estimate.json
 *              verification.json  synthesis.json  verilog/
 *   report.html
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { readArtifact, writeArtifact } from './artifact.js';
import { DATASET, type DatasetFile } from './dataset-file.js';
import { readModel, type StoredModel } from './model-file.js';
import { readQuantized, type StoredQuantized } from './quantized-file.js';

export class RunFolder {
  constructor(readonly path: string) {}

  file(scheme: string, name: string): string {
    return join(this.path, scheme, name);
  }

  get datasetPath(): string {
    return join(this.path, 'dataset.json');
  }

  get reportPath(): string {
    return join(this.path, 'report.html');
  }

  /** Names of schemes whose folder has this file: float first, the others by name. */
  schemesWith(name: string): string[] {
    if (!existsSync(this.path)) return [];
    const rank = (scheme: string): string => (scheme === 'float' ? '' : scheme);
    return readdirSync(this.path)
      .filter((scheme) => existsSync(this.file(scheme, name)))
      .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }

  dataset(): DatasetFile {
    const dataset = readArtifact(this.datasetPath, DATASET);
    if (dataset !== undefined) return dataset;
    throw new UserError({
      where: this.path,
      given: existsSync(this.path) ? 'the folder has no dataset.json' : 'no such run folder',
      hint: 'make one with: halfgate train',
    });
  }

  /** Records the dataset; a run that already has another one is refused. */
  setDataset(dataset: DatasetFile): void {
    const present = readArtifact(this.datasetPath, DATASET);
    if (present === undefined) {
      writeArtifact(this.datasetPath, DATASET, dataset);
      return;
    }
    if (
      present.sha256 === dataset.sha256 &&
      JSON.stringify(present.spec) === JSON.stringify(dataset.spec)
    )
      return;
    throw new UserError({
      where: this.path,
      given: `the run was made from ${present.name} (sha256 ${present.sha256.slice(0, 12)})`,
      allowed: `this is ${dataset.name} (sha256 ${dataset.sha256.slice(0, 12)}) or other options`,
      hint: 'use another --run folder, or delete this one',
    });
  }

  model(scheme: string): StoredModel | undefined {
    return readModel(this.file(scheme, 'model.json'));
  }

  quantized(scheme: string): StoredQuantized {
    const stored = readQuantized(this.file(scheme, 'quantized.json'));
    if (stored !== undefined) return stored;
    throw new UserError({
      where: this.path,
      given: `no quantized ${scheme} model`,
      hint: `make one with: halfgate train --scheme ${scheme}, or halfgate quantize --scheme ${scheme}`,
    });
  }
}
