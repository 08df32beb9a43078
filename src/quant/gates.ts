export const GATE_NAMES = ['i', 'f', 'g', 'o'] as const;
/** Index of a gate in every gate-major array: input, forget, candidate, output. */
export const GATE = { i: 0, f: 1, g: 2, o: 3 } as const;
