/** What nextpnr's --report says, of any of its families. */

export interface Utilization {
  readonly used: number;
  readonly available: number;
}

export interface NextpnrReport {
  /** By clock net, such as `clk_i$SB_IO_IN_$glb_clk`; MHz. */
  readonly fmax: Readonly<Record<string, { achieved: number; constraint: number }>>;
  readonly utilization: Readonly<Record<string, Utilization>>;
}

export function parseReport(bytes: Uint8Array): NextpnrReport {
  return JSON.parse(new TextDecoder().decode(bytes)) as NextpnrReport;
}

/** Highest clock of a net in MHz; undefined when no path lies between its registers. */
export function clockFmax({ fmax }: NextpnrReport, clock: string): number | undefined {
  const name = Object.keys(fmax).find(
    (net) => net === clock || net.startsWith(`${clock}$`) || net === `$glbnet$${clock}`,
  );
  return name === undefined ? undefined : fmax[name].achieved;
}
