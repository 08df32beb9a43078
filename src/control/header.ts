/** The C header of a design's registers: offsets, fields, and what loads an image. C99. */
import {
  fieldMask,
  IMAGE_HEADER_WORDS,
  IMAGE_MAGIC,
  imageWords,
  WORD_BYTES,
  type RegisterMap,
} from './map.js';

const hex = (value: number, digits = 4): string => `0x${value.toString(16).padStart(digits, '0')}u`;

/** `#define` lines, their values in one column. */
function defines(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `#define ${name.padEnd(width)} ${value}`);
}

function registerLines({ registers }: RegisterMap, prefix: string): string[] {
  return registers.flatMap((register) => {
    const { name, offset, access, description, fields } = register;
    const entries: [string, string][] = [[`${prefix}_${name}`, hex(offset)]];
    for (const field of fields) {
      if (fields.length === 1 && field.name === 'value') continue;
      const mask = fieldMask({ registers } as RegisterMap, name, field.name);
      entries.push([`${prefix}_${name}_${field.name.toUpperCase()}`, hex(mask, 1)]);
    }
    return [
      `/* ${description} ${access[0].toUpperCase()}${access.slice(1)}. */`,
      ...defines(entries),
      '',
    ];
  });
}

function windowLines({ windows }: RegisterMap, prefix: string): string[] {
  return windows.flatMap(({ name, description, base, bytes, entries, strideBytes, entryWords }) => [
    `/* ${description[0].toUpperCase()}${description.slice(1)}. Write only. */`,
    ...defines([
      [`${prefix}_${name}_BASE`, hex(base)],
      [`${prefix}_${name}_BYTES`, hex(bytes)],
      [`${prefix}_${name}_ENTRIES`, `${entries}u`],
      [`${prefix}_${name}_STRIDE`, hex(strideBytes, 1)],
      [`${prefix}_${name}_WORDS`, `${entryWords}u`],
    ]),
    '',
  ]);
}

function loaderLines(map: RegisterMap, prefix: string, name: string): string[] {
  const { windows } = map;
  const rows = windows.map(
    ({ name: window }) =>
      `    {${prefix}_${window}_BASE, ${prefix}_${window}_ENTRIES, ${prefix}_${window}_STRIDE, ${prefix}_${window}_WORDS},`,
  );
  return [
    '/* An image: magic, design, number of words that follow, their sum modulo 2^32, then the words. */',
    ...defines([
      [`${prefix}_IMAGE_MAGIC`, hex(IMAGE_MAGIC, 8)],
      [`${prefix}_IMAGE_HEADER`, `${IMAGE_HEADER_WORDS}u`],
      [`${prefix}_IMAGE_WORDS`, `${imageWords(map)}u`],
    ]),
    '',
    `/* What ${name}_load returns. */`,
    ...defines([
      [`${prefix}_LOADED`, '0'],
      [`${prefix}_NO_IMAGE`, '(-1) /* not an image, or cut short */'],
      [
        `${prefix}_OTHER_DESIGN`,
        '(-2) /* an image for other hardware, or other hardware at this address */',
      ],
      [`${prefix}_WRONG_SUM`, '(-3) /* damaged */'],
      [`${prefix}_BUSY`, '(-4) /* the core did not halt: a result waits to be taken */'],
    ]),
    '',
    '/* Reads of STATUS before giving up. */',
    `#ifndef ${prefix}_PATIENCE`,
    `#define ${prefix}_PATIENCE 1000000ul`,
    '#endif',
    '',
    '/* Words of an image from its text, 8 hexadecimal digits a line; 0 where it is none, or more than capacity. */',
    `static inline size_t ${name}_parse_hex(const char *text, uint32_t *words, size_t capacity) {`,
    '  size_t count = 0;',
    '  while (*text != 0) {',
    '    uint32_t word = 0;',
    '    int digits = 0;',
    "    while (*text == '\\n' || *text == '\\r') text++;",
    '    if (*text == 0) break;',
    "    for (; *text != 0 && *text != '\\n' && *text != '\\r'; text++, digits++) {",
    '      uint32_t digit;',
    "      if (*text >= '0' && *text <= '9') digit = (uint32_t)(*text - '0');",
    "      else if (*text >= 'a' && *text <= 'f') digit = (uint32_t)(*text - 'a') + 10u;",
    '      else return 0;',
    '      word = (word << 4) | digit;',
    '    }',
    '    if (digits != 8 || count == capacity) return 0;',
    '    words[count++] = word;',
    '  }',
    '  return count;',
    '}',
    '',
    '/* Halt the core and write an image into it. It does not run afterwards: set CONTROL.run, best with reset. */',
    `static inline int ${name}_load(uintptr_t base, const uint32_t *image, size_t words) {`,
    '  static const struct {',
    '    uint32_t base, entries, stride, words;',
    '  } windows[] = {',
    ...rows,
    '  };',
    `  const uint32_t *word = image + ${prefix}_IMAGE_HEADER;`,
    '  uint32_t sum = 0;',
    '  unsigned long polls = 0;',
    '  size_t n;',
    `  if (words != ${prefix}_IMAGE_HEADER + ${prefix}_IMAGE_WORDS) return ${prefix}_NO_IMAGE;`,
    `  if (image[0] != ${prefix}_IMAGE_MAGIC || image[2] != ${prefix}_IMAGE_WORDS) return ${prefix}_NO_IMAGE;`,
    `  if (image[1] != ${prefix}_DESIGN_ID) return ${prefix}_OTHER_DESIGN;`,
    `  if (${prefix}_READ(base, ${prefix}_MAP) != ${prefix}_MAP_VALUE) return ${prefix}_OTHER_DESIGN;`,
    `  if (${prefix}_READ(base, ${prefix}_DESIGN) != ${prefix}_DESIGN_ID) return ${prefix}_OTHER_DESIGN;`,
    `  for (n = 0; n < ${prefix}_IMAGE_WORDS; n++) sum += word[n];`,
    `  if (sum != image[3]) return ${prefix}_WRONG_SUM;`,
    `  ${prefix}_WRITE(base, ${prefix}_CONTROL, 0u);`,
    `  while ((${prefix}_READ(base, ${prefix}_STATUS) & ${prefix}_STATUS_HALTED) == 0u) {`,
    `    if (++polls == ${prefix}_PATIENCE) return ${prefix}_BUSY;`,
    '  }',
    '  for (n = 0; n < sizeof windows / sizeof windows[0]; n++) {',
    '    uint32_t entry, part;',
    '    for (entry = 0; entry < windows[n].entries; entry++) {',
    '      for (part = 0; part < windows[n].words; part++) {',
    `        ${prefix}_WRITE(base, windows[n].base + entry * windows[n].stride + ${WORD_BYTES}u * part, *word);`,
    '        word++;',
    '      }',
    '    }',
    '  }',
    `  return ${prefix}_LOADED;`,
    '}',
    '',
  ];
}

/** @param note generator and design, for the first line */
export function cHeader(map: RegisterMap, name: string, note: string): string {
  const prefix = name.toUpperCase();
  const guard = `${prefix}_REGS_H`;
  const version = map.registers[0].fields.reduce(
    (sum, { reset, low }) => sum + reset * 2 ** low,
    0,
  );
  return [
    `/* ${note} */`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    ...(map.windows.length > 0 ? ['#include <stddef.h>'] : []),
    '#include <stdint.h>',
    '',
    '/* A word at a byte offset; define both before for a bus that is not memory. */',
    `#ifndef ${prefix}_READ`,
    `#define ${prefix}_READ(base, offset) (*(volatile uint32_t *)((base) + (offset)))`,
    `#define ${prefix}_WRITE(base, offset, value) (*(volatile uint32_t *)((base) + (offset)) = (value))`,
    '#endif',
    '',
    '/* What MAP and DESIGN read in the hardware that this header belongs to. */',
    ...defines([
      [`${prefix}_MAP_VALUE`, hex(version, 8)],
      [`${prefix}_DESIGN_ID`, hex(map.designId, 8)],
    ]),
    '',
    ...registerLines(map, prefix),
    ...windowLines(map, prefix),
    ...(map.windows.length > 0 ? loaderLines(map, prefix, name) : []),
    `#endif /* ${guard} */`,
    '',
  ].join('\n');
}
