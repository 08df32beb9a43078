/** The register map of a design as a page of documentation. */
import {
  IMAGE_HEADER_WORDS,
  IMAGE_MAGIC,
  imageWords,
  type Field,
  type RegisterMap,
  type Window,
} from './map.js';

const hex = (value: number, digits = 4): string => `0x${value.toString(16).padStart(digits, '0')}`;

function bits({ low, width }: Field): string {
  return width === 1 ? String(low) : `${low + width - 1}..${low}`;
}

const KINDS: Readonly<Record<Field['kind'], string>> = {
  constant: 'constant',
  status: 'read',
  control: 'read, write',
  pulse: 'write 1',
  event: 'read, write 1 to clear',
  counter: 'read',
};

function registerTable({ registers }: RegisterMap): string[] {
  const rows = registers.flatMap(({ name, offset, fields }) =>
    fields.map((field, n) => {
      const { kind, reset, description } = field;
      const value = kind === 'status' ? '-' : hex(reset, 1);
      const place = n === 0 ? `${hex(offset)} | ${name}` : ' | ';
      return `| ${place} | ${bits(field)} | ${field.name} | ${KINDS[kind]} | ${value} | ${description} |`;
    }),
  );
  return [
    '| offset | register | bits | field | access | after reset | |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ];
}

/** Which bits of which word a unit's word takes. */
function layoutText({ units, unitBits, unitsPerWord, unitWords, entryWords }: Window): string {
  if (unitWords > 1) {
    const each = `${unitBits} bits in ${unitWords} words, the lowest first`;
    return units > 1 ? `rows one after the other, ${each}` : each;
  }
  if (units === 1) return `${unitBits} bits, from bit 0 up`;
  const more = entryWords > 1 ? `, ${unitsPerWord} rows to a word` : '';
  return `row r in bits ${unitBits} r' + ${unitBits - 1} .. ${unitBits} r', r' = r mod ${unitsPerWord}${more}`;
}

function windowTable({ windows }: RegisterMap): string[] {
  return [
    '| base | bytes | window | entries | bytes apart | words each | layout | |',
    '|---|---|---|---|---|---|---|---|',
    ...windows.map(
      (window) =>
        `| ${hex(window.base)} | ${hex(window.bytes)} | ${window.name} | ${window.entries} | ${window.strideBytes} | ` +
        `${window.entryWords} | ${layoutText(window)} | ${window.description} |`,
    ),
  ];
}

/** @param image file name of the image, where there is one */
export function registerPage(map: RegisterMap, name: string, image: string): string {
  const isLoaded = map.windows.length > 0;
  const lines = [
    `# Registers of ${name}`,
    '',
    `AXI4-Lite, 32 bits wide, ${map.addressBits} address bits. Offsets are in bytes. The lowest two address bits are ignored;`,
    'reads and writes of what is not listed, writes of what can only be read, and writes of less than four bytes are',
    `answered by SLVERR and do nothing. The same is in \`${name}_regs.h\` for C.`,
    '',
    ...registerTable(map),
    '',
    'A halt is clean: with `run` at 0, s_axis is not ready, steps that have come in are finished, and their results wait to',
    'be taken. `reset` is not: steps and results under way are dropped, a result that waits on m_axis included. `irq_o` is',
    'high while an enabled field of IRQ_STATUS is 1.',
  ];
  if (isLoaded) {
    lines.push(
      '',
      '## Loading',
      '',
      'Memories are empty after power-up and `run` is 0. Windows are write-only, and only while STATUS.halted is 1: other',
      'writes are answered by SLVERR and do nothing. Words of an entry are written from the lowest to the highest, one after',
      'the other; the one that completes a memory word stores it.',
      '',
      ...windowTable(map),
      '',
      `\`${image}\` is an image: ${IMAGE_HEADER_WORDS} words (${hex(IMAGE_MAGIC, 8)}, DESIGN, the number of words that follow, their sum`,
      `modulo 2^32), then ${imageWords(map)} words, window by window in the order above, entry by entry, without what lies between.`,
      `\`${name}_load\` of the header checks it, halts the core and writes it. Then write \`run\` and \`reset\` to CONTROL together.`,
    );
  }
  return `${lines.join('\n')}\n`;
}
