/** Programs (program.ts) under construction, and in memory. */
import type { KernelMemory } from './kernels.js';
import { OP, type Operation, WORDS } from './program.js';

const bits = new DataView(new ArrayBuffer(4));

/** A float operand as the word that holds it. */
export function floatWord(value: number): number {
  bits.setFloat32(0, value, true);
  return bits.getInt32(0, true);
}

/** A word that changes from run to run. */
interface Mark {
  readonly name: string;
  readonly word: number;
  /** What the word holds beyond the mark's value. */
  readonly beyond: number;
}

/** Work of the host between two parts of a program. */
interface Pause {
  /** First word of the part that follows. */
  readonly word: number;
  readonly work: () => void;
}

export class Program {
  readonly words: number[] = [];
  readonly marks: Mark[] = [];
  readonly pauses: Pause[] = [];

  op(operation: Operation, ...operands: number[]): number {
    const at = this.words.length;
    if (operands.length >= WORDS) throw new RangeError(`${operation}: too many operands`);
    this.words.push(OP[operation], ...operands);
    while (this.words.length < at + WORDS) this.words.push(0);
    return at;
  }

  /** The operand of that number of the instruction at `instruction` changes from run to run. */
  mark(name: string, instruction: number, operand: number, beyond = 0): void {
    this.marks.push({ name, word: instruction + operand, beyond });
  }

  sync(): void {
    this.op('sync');
  }

  /** Here the kernels stop, all threads, and go on once the host has done its work. */
  pause(work: () => void): void {
    this.op('end');
    this.pauses.push({ word: this.words.length, work });
  }

  /** Bytes that it takes in memory. */
  get bytes(): number {
    return 4 * (this.words.length + WORDS);
  }
}

/** A program in memory and the words of it that change. */
export class Placed {
  private readonly marks = new Map<string, Mark[]>();
  private readonly pauses: readonly Pause[];

  constructor(
    program: Program,
    readonly address: number,
    private readonly i32: Int32Array,
  ) {
    program.op('end');
    i32.set(program.words, address / 4);
    this.pauses = program.pauses;
    for (const { name, word, beyond } of program.marks) {
      const marks = this.marks.get(name) ?? [];
      marks.push({ name, word: address / 4 + word, beyond });
      this.marks.set(name, marks);
    }
  }

  set(name: string, value: number): void {
    const marks = this.marks.get(name);
    if (marks) for (const { word, beyond } of marks) this.i32[word] = value + beyond;
  }

  run(memory: KernelMemory): void {
    memory.run(this.address);
    for (const { word, work } of this.pauses) {
      work();
      memory.run(this.address + 4 * word);
    }
  }
}
