/** Trees of amounts for the terminal. */

/** A node, with one text for each column. */
export interface TreeRow {
  readonly name: string;
  readonly cells: readonly string[];
  readonly children: readonly TreeRow[];
}

/** Names as a tree, cells in columns to the right of it. */
export function treeText(root: TreeRow, header: readonly string[]): string {
  const lines: { name: string; cells: readonly string[] }[] = [];
  const walk = (node: TreeRow, before: string, branch: string): void => {
    lines.push({ name: `${before}${branch}${node.name}`, cells: node.cells });
    const indent = branch === '' ? '' : branch === '\u2514 ' ? '  ' : '\u2502 ';
    node.children.forEach((child, n) => {
      walk(child, before + indent, n === node.children.length - 1 ? '\u2514 ' : '\u251c ');
    });
  };
  walk(root, '', '');
  const names = Math.max(...lines.map(({ name }) => name.length), header[0].length);
  const widths = header.slice(1).map((title, k) => {
    return Math.max(title.length, ...lines.map(({ cells }) => cells[k].length));
  });
  const text = (name: string, cells: readonly string[]): string =>
    [name.padEnd(names), ...cells.map((cell, k) => cell.padStart(widths[k]))].join('  ').trimEnd();
  return [text(header[0], header.slice(1)), ...lines.map((row) => text(row.name, row.cells))].join(
    '\n',
  );
}
