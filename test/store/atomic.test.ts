import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFileAtomic, writeFolderAtomic } from '../../src/store/atomic.js';
import { scratchFolder } from '../scratch.js';

const folder = scratchFolder();
const bomb = new Proxy(new Uint8Array(4), {
  get(target, key) {
    if (key === 'length') throw new Error('power failed');
    return Reflect.get(target, key) as unknown;
  },
});

describe('atomic writes', () => {
  test('a file is replaced whole, and nothing else is left', () => {
    const path = join(folder.path, 'one/file.json');
    writeFileAtomic(path, 'old');
    writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(join(folder.path, 'one'))).toEqual(['file.json']);
  });

  test('a write that fails half-way leaves the old file', () => {
    const path = join(folder.path, 'two/file.json');
    writeFileAtomic(path, 'old');
    expect(() => writeFileAtomic(path, bomb)).toThrow('power failed');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(folder.path, 'two'))).toEqual(['file.json']);
  });

  test('a folder is replaced whole: files of the old one do not survive', () => {
    const path = join(folder.path, 'three/verilog');
    writeFolderAtomic(path, { 'README.md': '1', 'old.v': '1' }, 'README.md');
    writeFolderAtomic(path, { 'README.md': '2', 'tb/new.v': '2' }, 'README.md');
    expect(readdirSync(path).sort()).toEqual(['README.md', 'tb']);
    expect(readdirSync(join(folder.path, 'three'))).toEqual(['verilog']);
  });

  test('a folder whose writing fails half-way stays as it was', () => {
    const path = join(folder.path, 'four/verilog');
    writeFolderAtomic(path, { 'README.md': '1' }, 'README.md');
    expect(() =>
      writeFolderAtomic(path, { 'a.v': 'x', 'b.v': bomb, 'README.md': '2' }, 'README.md'),
    ).toThrow('power failed');
    expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('1');
    expect(readdirSync(join(folder.path, 'four'))).toEqual(['verilog']);
  });

  test('a folder that is not ours is refused', () => {
    const path = join(folder.path, 'thesis');
    mkdirSync(path);
    writeFileSync(join(path, 'chapter1.tex'), 'precious');
    expect(() => writeFolderAtomic(path, { 'README.md': '' }, 'halfgate.f')).toThrow(
      `${path}: the folder has files and no halfgate.f, it was not written by halfgate and will not be replaced; choose another folder or empty it`,
    );
    expect(readdirSync(path)).toEqual(['chapter1.tex']);
  });

  test('leftovers of processes that no longer run are removed', () => {
    const leftover = folder.write('five/.halfgate-999999999-00000000-model.json', 'half');
    writeFileAtomic(join(folder.path, 'five/model.json'), 'whole');
    expect(existsSync(leftover)).toBe(false);
  });

  test('a path through a file is one clear error', () => {
    const file = folder.write('six', 'a file');
    expect(() => writeFileAtomic(join(file, 'run/model.json'), '')).toThrow(
      `${join(file, 'run')}: a part of the path is a file, not a folder; choose another folder with --run or --out`,
    );
  });

  test('a folder that nobody can make is one clear error, at once', () => {
    // Not even root can make folders in /proc; where there is no /proc, only root can.
    expect(() => writeFileAtomic('/proc/halfgate/run/model.json', '')).toThrow(
      /^\/proc\/halfgate\/run: .*; choose another folder with --run or --out$/,
    );
    expect(existsSync('/proc/halfgate')).toBe(false);
  });
});
