/** File name -> text. `*.v` are compiled; others (`*.hex`, `*.vh`) are there to be read by those. */
export type SourceFiles = Readonly<Record<string, string>>;

/** Files in folders, as the npm builds of Yosys and nextpnr take and give them. */
export type FileTree = { [name: string]: FileTree | string | Uint8Array };

/** Nest `rtl/pe.v` into folders. */
export function toFileTree(files: Readonly<Record<string, string | Uint8Array>>): FileTree {
  const root: FileTree = {};
  for (const [path, content] of Object.entries(files)) {
    const folders = path.split('/').filter((part) => part !== '' && part !== '.');
    const name = folders.pop();
    if (name === undefined || folders.includes('..') || name === '..') {
      throw new RangeError(`file name '${path}' does not stay inside the project`);
    }
    let folder = root;
    for (const part of folders) {
      const next = (folder[part] ??= {});
      if (typeof next === 'string' || next instanceof Uint8Array) {
        throw new RangeError(`'${part}' in '${path}' is a file and a folder`);
      }
      folder = next;
    }
    folder[name] = content;
  }
  return root;
}

/** The Verilog sources among the files, sorted by name so that results do not depend on insertion. */
export function verilogFiles(files: SourceFiles): string[] {
  return Object.keys(files)
    .filter((name) => /\.(v|sv)$/.test(name))
    .sort();
}
