export function forGhdl(vhdl: string): string;
