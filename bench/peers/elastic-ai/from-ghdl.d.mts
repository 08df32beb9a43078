export function fromGhdl(verilog: string, otherwise?: string): string;
