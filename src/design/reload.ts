/** Other weights for a design whose weights are loaded: the same hardware, another model. */
import type { QuantizedModel } from '../quant/quantized-model.js';
import { DesignError, lstmJobs, tableOf, type Combiner, type Design } from './design.js';
import { plan } from './plan.js';
import { arrayRows, directedLayer } from './planes.js';

/** What has to be alike for two models to run on the same hardware. */
function structure(design: Design): Record<string, unknown> {
  const { scheme, rows, columns, array, layers, sequence, classes, headOutput, headWhen } = design;
  const { gates, candidate, activations, cell, slope, tanh, operandScales } = scheme;
  const { input, jobs, combiner } = design;
  return {
    formats: { gates, candidate, activations, cell, slope, tanh, operandScales },
    array: { rows, columns, ...array },
    layers,
    sequence,
    head: { classes, headOutput, headWhen },
    input: input.kind === 'tokens' ? { ...input, table: input.table !== undefined } : input,
    'input.table': tableOf(design),
    jobs,
    combiner: combiner && { placeBits: combiner.placeBits, passes: combiner.passes },
  };
}

function factorProblems(mine: Combiner | undefined, other: Combiner | undefined): string[] {
  if (mine === undefined || other === undefined) {
    return mine === other ? [] : ['factors: one of the two models has none'];
  }
  const kinds = ['one', 'power', 'any'];
  if (kinds.indexOf(other.factors) > kinds.indexOf(mine.factors)) {
    return [`factors: ${other.factors}, but the design's are ${mine.factors}`];
  }
  if (mine.factorsBy === 'place' && other.factorsBy === 'sum') {
    return ['factors: one for each sum, but the design has one for each place in a unit'];
  }
  return other.factors === mine.factors && other.factorBits > mine.factorBits
    ? [`factors: of ${other.factorBits} bits, but the design's have ${mine.factorBits}`]
    : [];
}

/** Shifts and multipliers that the requantizer does not have, and thresholds of h that are built in. */
function valueProblems(design: Design, model: QuantizedModel): string[] {
  const { shiftMin, shiftBits, multiplierBits, array, jobs } = design;
  const shiftMax = shiftMin + 2 ** shiftBits - 1;
  const problems: string[] = [];
  for (const job of jobs) {
    const where = job.kind === 'head' ? 'head' : `layers[${job.layer}]`;
    for (const { row } of arrayRows(model, job, array).outputs) {
      if (row.kind !== 'linear') continue;
      if (row.shift < shiftMin || row.shift > shiftMax) {
        problems.push(`${where}: shift ${row.shift} is not in ${shiftMin}..${shiftMax}`);
      }
      if (multiplierBits === 0 && row.multiplier !== 1) {
        problems.push(`${where}: multiplier ${row.multiplier}, but the design has none`);
      }
    }
  }
  if (design.scheme.activations === 'ternary') {
    for (const job of lstmJobs(design)) {
      const given = directedLayer(model, job).hiddenDecision;
      const builtIn = directedLayer(design.model, job).hiddenDecision;
      if (given !== builtIn) {
        problems.push(
          `layers[${job.layer}].hiddenDecision: ${given}, but ${builtIn} is built into the design`,
        );
      }
    }
  }
  return [...new Set(problems)];
}

/**
 * The same hardware with another model's weights: what is emitted of it differs in what is loaded, alone.
 *
 * @throws {DesignError} naming everything in which the model needs other hardware
 */
export function reload(design: Design, model: QuantizedModel): Design {
  if (design.weights !== 'ram') {
    throw new DesignError(["weights: the design's are read-only; plan it with weights ram"]);
  }
  const { name, rows, columns, array, input, sequence } = design;
  const planned = plan(model, {
    ...{ name, rows, columns, array: array.kind, weights: 'ram', control: 'axi-lite' },
    ...(model.scheme.activations === 'ternary' && {
      pack: array.pack as 1 | 2 | 4 | 8 | 16 | 32,
    }),
    ...(input.kind === 'tokens' && model.input.kind === 'tokens'
      ? { inputTable: input.table !== undefined }
      : {}),
    ...(sequence && { maxSteps: sequence.maxSteps }),
    ...(design.streams !== undefined && { streams: design.streams }),
    ...(design.dataflow !== undefined && { dataflow: design.dataflow }),
  });
  const mine = structure(design);
  const other = structure(planned);
  const problems = Object.keys(mine)
    .filter((key) => JSON.stringify(mine[key]) !== JSON.stringify(other[key]))
    .map((key) => `${key}: the model's are not the design's; plan it anew`);
  problems.push(...factorProblems(design.combiner, planned.combiner));
  // Values only mean anything where the structure is the same.
  if (problems.length === 0) problems.push(...valueProblems(design, model));
  if (problems.length > 0) throw new DesignError(problems);
  return { ...design, model };
}
