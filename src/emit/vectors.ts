/** What the generated testbench needs to know: stimuli, golden results and the cycles they come in. */
export interface TestVectors {
  /** Of all sequences together. */
  readonly steps: number;
  /** Beats of s_axis in order. */
  readonly beats: readonly { readonly data: bigint; readonly last: boolean }[];
  /** Beats of m_axis in order: class or value of every column. */
  readonly results: readonly { readonly values: readonly number[]; readonly last: boolean }[];
  /** Cycle after reset in which each result is taken when nothing stalls. */
  readonly resultCycles: readonly number[];
  /** h in the order in which every column writes it: [write][column]. */
  readonly hidden: readonly (readonly number[])[];
}
