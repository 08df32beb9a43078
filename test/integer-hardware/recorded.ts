/** Recorded LSTM runs as designs and sequences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IntegerSequences } from '../../src/integer-hardware/golden.js';
import { activationVector, type IntegerLstm } from '../../src/integer/lstm.js';
import { type LstmFile, lstmFile } from '../../src/integer/vectors/format.js';
import { kernelOf, layerOf } from '../../src/integer/vectors/lstm-layer.js';
import { GOLDEN } from '../integer/shared.js';

export interface RecordedRun {
  readonly layer: IntegerLstm;
  /** Every item of the batch. */
  readonly sequences: IntegerSequences;
  /** Of every item, step by step. */
  readonly outputs: readonly (readonly number[])[];
}

export function readLstmFile(name: string): LstmFile {
  const text = readFileSync(join(GOLDEN, `${name}.json`), 'utf8');
  // Null counts as missing.
  return lstmFile.parse(JSON.parse(text, (_, value: unknown) => value ?? undefined));
}

/** Row of [time, batch] or [batch, time]. */
function rowOf({ dims, time_major }: LstmFile, item: number, t: number): number {
  return time_major ? t * dims.batch + item : item * dims.time + t;
}

export function recordedRun(file: LstmFile): RecordedRun {
  const layer = layerOf(file, kernelOf(file.kernel, file.requantize_rounding ?? 'double'));
  const { batch, time, input } = file.dims;
  const part = (values: readonly number[], width: number, item: number, t: number): number[] => {
    const row = rowOf(file, item, t);
    return values.slice(row * width, (row + 1) * width);
  };
  const items = Array.from({ length: batch }, (_, item) => item);
  const steps = Array.from({ length: time }, (_, t) => t);
  return {
    layer,
    sequences: items.map((item) =>
      steps.map((t) => {
        const x = activationVector(layer.kernel, input);
        x.set(part(file.input.data, input, item, t));
        return x;
      }),
    ),
    outputs: items.map((item) =>
      steps.flatMap((t) => part(file.expected.output!.data, layer.outputSize, item, t)),
    ),
  };
}
