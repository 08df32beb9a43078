// The tables of bench/train.mjs from its raw numbers.

const HIDDEN_FLOPS = 48;
const sorted = (list) => list.toSorted((a, b) => a - b);
const median = (list) => {
  const order = sorted(list);
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? order[middle] : (order[middle - 1] + order[middle]) / 2;
};
const format = (value) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
};
const times = (value) => (value === undefined ? '–' : `${format(value)}x`);
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) =>
  [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');
const unique = (list) => [...new Set(list)];

const FORMS = [
  'eager',
  'tuned',
  'tuned-fold',
  'manual',
  'manual-fold',
  'onednn',
  'onednn-fold',
].concat(['jit', 'compile', 'lstm', 'brevitas', 'brevitas-jit']);
const AUTOGRAD = /^(eager|tuned)/;
const EAGER = /^(eager|tuned|manual|onednn)/;

const cpu = (entry, id) => entry.rounds.map((round) => round[id][0]);
const has = (entry, id) => id !== undefined && entry?.peers.includes(id) && entry.rounds.length > 0;

/** CPU time of `other` over that of `id`, paired by round, then the median. */
function ratio(entry, other, id) {
  if (!has(entry, other) || !has(entry, id)) return undefined;
  return median(entry.rounds.map((round) => round[other][0] / round[id][0]));
}

export function report(state) {
  const { peers, sessions, installs } = state;
  const last = sessions.at(-1);
  const cases = Object.values(state.cases).filter(({ rounds }) => rounds.length > 0);
  const ours = Object.keys(peers).filter((id) => peers[id].kind === 'ours');
  const title = (id) =>
    peers[id].kind === 'ours' ? `**halfgate ${id}**` : `${installOf(id)} ${peers[id].label}`;
  const place = (id) => {
    if (peers[id].kind === 'ours') return ours.indexOf(id) - 100;
    const [install, form] = id.split('/');
    return Number(install) * 100 + FORMS.indexOf(form);
  };
  const letter = (label) =>
    String.fromCharCode(65 + installs.findIndex((install) => install.label === label));
  const installOf = (id) => letter(peers[id].install);

  /** The peer of least median among those that `accepts` takes. */
  const fastest = (entry, accepts) =>
    entry?.peers
      .filter((id) => peers[id].kind === 'torch' && accepts(peers[id]))
      .sort((a, b) => median(cpu(entry, a)) - median(cpu(entry, b)))[0];

  const byPlace = (ids) => ids.toSorted((a, b) => place(a) - place(b));

  const groups = unique(cases.map(({ input, batch, steps }) => `${input} ${batch} ${steps}`))
    .map((key) => {
      const [input, batch, steps] = key.split(' ');
      const entries = cases
        .filter((each) => `${each.input} ${each.batch} ${each.steps}` === key)
        .toSorted((a, b) => a.hidden - b.hidden);
      return { input, batch: Number(batch), steps: Number(steps), entries };
    })
    .sort((a, b) => a.input.localeCompare(b.input) || a.batch - b.batch || a.steps - b.steps);
  const hidden = sorted(unique(cases.map((entry) => entry.hidden)));
  const at = (group, size) => group.entries.find((entry) => entry.hidden === size);

  const against = (group, engine, accepts, withName) =>
    hidden.map((size) => {
      const entry = at(group, size);
      const other = fastest(entry, accepts);
      const value = ratio(entry, other, engine);
      if (value === undefined) return '–';
      return withName ? `${times(value)} (${installOf(other)} ${peers[other].form})` : times(value);
    });

  const parts = [];
  const add = (...lines) => parts.push(lines.join('\n'));

  add(
    '# Training speed',
    '',
    'One step: forward, backward and Adam of one LSTM layer, input as wide as the layer, ternary weights,',
    'gates i, f, o in {0, 1/2, 1}, softmax head of 50 classes, cross-entropy. Dense input has a gradient too;',
    'tokens go through an embedding as wide as the layer. All peers run in processes of their own, warm and',
    'alternating, the order reversed every other round; each measures its own CPU time (user and system).',
    'Ratios are paired by round, then the median; above 1 halfgate is faster.',
  );
  const loads = cases.flatMap((entry) => entry.load);
  const waiting = cases.flatMap((entry) =>
    entry.rounds.flatMap((round) => Object.values(round).map(([c, w]) => w / c)),
  );
  add(
    `${last.cpu}, ${last.cores} cores, ${last.memoryGb} GB, ${last.system}, Node ${last.node}.`,
    `${unique(sessions.map(({ date }) => date.slice(0, 10))).join(', ')}, halfgate ${last.halfgate}, ` +
      `${last.rounds} rounds of about ${last.cpuMs} ms of CPU (at least one step) per peer.`,
    loads.length > 0
      ? `Load average ${format(Math.min(...loads))} to ${format(Math.max(...loads))}, the benchmark's own 1 ` +
          `included; wall over CPU time, median ${format(median(waiting))}, worst ${format(Math.max(...waiting))} ` +
          '(1 on a quiet machine).'
      : '',
  );
  const engineLines = ours.map((id) => {
    const { version, inputGradient } = peers[id];
    const gradient =
      inputGradient === undefined
        ? ''
        : `; dense input: its gradient is ${inputGradient ? 'computed' : 'not computed'}`;
    return `- halfgate ${id}: ${version}${gradient}`;
  });
  const installLines = installs.map(({ label, brevitas, capability, settings }) => {
    const more = [
      brevitas && `Brevitas ${brevitas}`,
      capability && `ATen ${capability}`,
      ...(settings ?? []),
    ].filter(Boolean);
    return `- ${letter(label)}: ${[label, ...more].join(', ')}`;
  });
  const missing = Object.entries(state.skipped).map(([id, reason]) => {
    return `- not measured: ${id}: ${reason}`;
  });
  add(...engineLines, ...installLines, ...missing);
  add(
    'Forms: *eager* is the usual custom cell; *tuned* hoists the input projection, joins the sigmoids, uses',
    'addmm, one operator per quantizer and fused Adam where there is one; *fold* projects the embedding once per',
    'symbol, as halfgate does; *manual* is one `autograd.Function` for the whole layer with its backward pass by',
    'hand, in place; *onednn* is that with oneDNN for the large products. See bench/peers/forms.py.',
    'The peers do not clip gradients; halfgate does, and its forward pass is the integer model, bit for bit.',
  );

  if (groups.length > 0 && ours.length > 0 && installs.length > 0) {
    const line = (group, engine, name, accepts) => [
      ...[group.input, group.batch, group.steps, engine, name],
      ...against(group, engine, accepts, true),
    ];
    add(
      '## Against the fastest PyTorch',
      '',
      'The fastest form of all installs, named behind the ratio. "Autograd": *eager* and *tuned*, folded or not.',
      '"Any eager" also has the forms whose backward pass is by hand.',
      '',
      table(
        ['input', 'B', 'T', 'engine', 'against', ...hidden.map((size) => `H=${size}`)],
        groups.flatMap((group) =>
          ours.flatMap((engine) => [
            line(group, engine, 'autograd', ({ form }) => AUTOGRAD.test(form)),
            line(group, engine, 'any eager', ({ form }) => EAGER.test(form)),
          ]),
        ),
      ),
    );
    const rows = groups.flatMap((group) =>
      ours.flatMap((engine) => {
        const kinds = installs.flatMap(({ label }) => [
          [`${letter(label)} autograd`, (p) => p.install === label && AUTOGRAD.test(p.form)],
          [`${letter(label)} any eager`, (p) => p.install === label && EAGER.test(p.form)],
          [`${letter(label)} torch.jit.script`, (p) => p.install === label && p.form === 'jit'],
          [`${letter(label)} torch.compile`, (p) => p.install === label && p.form === 'compile'],
          [`${letter(label)} nn.LSTM float`, (p) => p.install === label && p.form === 'lstm'],
          [`${letter(label)} Brevitas`, (p) => p.install === label && p.form === 'brevitas'],
          [
            `${letter(label)} Brevitas, BREVITAS_JIT=1`,
            (p) => p.install === label && p.form === 'brevitas-jit',
          ],
        ]);
        return kinds
          .map(([name, accepts]) => [
            ...[group.input, group.batch, group.steps, engine, name],
            ...against(group, engine, accepts, false),
          ])
          .filter((cells) => cells.slice(5).some((cell) => cell !== '–'));
      }),
    );
    add(
      '## Against each install',
      '',
      table(['input', 'B', 'T', 'engine', 'against', ...hidden.map((size) => `H=${size}`)], rows),
    );
  }

  if (groups.length > 0)
    add('## CPU time of one step', '', 'Milliseconds: min / **median** / max.');
  for (const group of groups) {
    const ids = byPlace(Object.keys(peers)).filter((id) =>
      group.entries.some((entry) => entry.peers.includes(id)),
    );
    const rows = ids.map((id) => [
      title(id),
      ...hidden.map((size) => {
        const entry = at(group, size);
        if (!has(entry, id)) return '–';
        const values = cpu(entry, id);
        return `${format(Math.min(...values))} / **${format(median(values))}** / ${format(Math.max(...values))}`;
      }),
    ]);
    const reasons = unique(
      group.entries.flatMap((entry) =>
        Object.entries(entry.skipped).map(
          ([id, reason]) => `H=${entry.hidden}: ${peers[id] ? title(id) : id}: ${reason}`,
        ),
      ),
    );
    const flops = ours.map((id) => {
      const rates = hidden.map((size) => {
        const entry = at(group, size);
        if (!has(entry, id)) return '–';
        const work = HIDDEN_FLOPS * group.steps * group.batch * size ** 2;
        return format(work / median(cpu(entry, id)) / 1e6);
      });
      return [`${title(id)}, GFLOP/s of 48 T B H²`, ...rates];
    });
    add(
      `### ${group.input === 'dense' ? 'Dense' : 'Token'} input, B = ${group.batch}, T = ${group.steps}`,
      '',
      table(
        ['peer', ...hidden.map((size) => `H=${size}`)],
        [...rows, ...(group.input === 'dense' ? flops : [])],
      ),
      ...(reasons.length > 0 ? ['', `Without: ${reasons.join('; ')}.`] : []),
    );
  }

  const threads = Object.values(state.threads)
    .filter(({ rounds }) => Object.keys(rounds).length > 0)
    .toSorted((a, b) => a.hidden - b.hidden);
  if (threads.length > 0) {
    const { input, batch, steps } = threads[0];
    const ids = unique(threads.flatMap(({ rounds }) => Object.keys(rounds)));
    const rows = ids.map((id) => [
      title(id),
      ...threads.map(({ rounds }) => {
        const values = rounds[id];
        if (!values) return '–';
        const one = median(values.map(([, wall]) => wall));
        const two = median(values.map(([, , , wall]) => wall));
        const speed = median(values.map(([, a, , b]) => a / b));
        return `${format(one)} -> ${format(two)}, ${times(speed)}`;
      }),
    ]);
    const skips = threads.flatMap((entry) =>
      Object.entries(entry.skipped).map(([id, reason]) => `H=${entry.hidden}: ${id}: ${reason}`),
    );
    add(
      '## Two threads',
      '',
      `Wall milliseconds of a step with one and with two threads, and the speed-up; ${input} input, B = ${batch},`,
      `T = ${steps}. One peer at a time; load average before it up to ` +
        `${format(Math.max(...threads.map((entry) => entry.load ?? 0)))}, the benchmark's own included.`,
      '',
      table(['peer', ...threads.map((entry) => `H=${entry.hidden}`)], rows),
      ...(skips.length > 0 ? ['', `Without: ${skips.join('; ')}.`] : []),
    );
  }

  const memory = groups
    .filter(({ input }) => input === 'dense')
    .flatMap((group) => group.entries)
    .filter((entry) => [128, 512].includes(entry.hidden) && Object.keys(entry.memory).length > 0);
  if (memory.length > 0) {
    const ids = byPlace(Object.keys(peers)).filter((id) =>
      memory.some((entry) => id in entry.memory),
    );
    add(
      '## Peak memory',
      '',
      'Largest resident size since the case began, MiB, one thread, dense input.',
      '',
      table(
        ['peer', ...memory.map((e) => `H=${e.hidden} B=${e.batch} T=${e.steps}`)],
        ids.map((id) => [title(id), ...memory.map((e) => e.memory[id]?.toFixed(0) ?? '–')]),
      ),
    );
  }

  const { epoch } = state;
  if (epoch.runs && Object.keys(epoch.runs).length > 0) {
    const mean = (runs, key) => runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
    const base = Object.keys(epoch.runs).find((id) => ours.includes(id));
    const rows = Object.entries(epoch.runs).map(([id, runs]) => {
      const seconds = mean(runs, 'cpuMs') / 1000;
      const inSteps = runs[0].stepsCpuMs ? mean(runs, 'stepsCpuMs') / 1000 : undefined;
      const ratios = ours
        .filter((engine) => epoch.runs[engine])
        .map((engine) => times(seconds / (mean(epoch.runs[engine], 'cpuMs') / 1000)));
      return [
        ...[title(id), runs.map((run) => format(run.cpuMs / 1000)).join(', ')],
        ...[format(inSteps), times(inSteps && seconds / inSteps)],
        ...[format(mean(runs, 'wallMs') / 1000), ...ratios],
      ];
    });
    const skips = Object.entries(epoch.skipped).map(([id, reason]) => `${id}: ${reason}`);
    add(
      '## An epoch of text',
      '',
      `${epoch.file}, bytes, the first 80 %, H = ${epoch.hidden}, B = ${epoch.batch}, T = ${epoch.steps}` +
        `${epoch.limit ? `; **only the first ${epoch.limit} steps**` : ''}, ` +
        `${epoch.runs[base]?.[0].steps ?? Object.values(epoch.runs)[0][0].steps} steps. halfgate by`,
      '`train()`, reading the file included, with one validation of 100 symbols; PyTorch in a plain loop. The',
      'overhead is all CPU time over that inside `trainStep`.',
      '',
      table(
        [
          ...['peer', 'CPU s (each run)', 'in steps', 'overhead', 'wall s'],
          ...ours.filter((id) => epoch.runs[id]).map((id) => `over ${id}`),
        ],
        rows,
      ),
      ...(skips.length > 0 ? ['', `Without: ${skips.join('; ')}.`] : []),
    );
  } else if (epoch.skipped) {
    add('## An epoch of text', '', `Not measured: ${epoch.skipped}.`);
  }

  const { growth } = state;
  if (growth.runs && Object.keys(growth.runs).length > 0) {
    add(
      '## Memory over many steps',
      '',
      `Resident MiB in one session, ${growth.input} input, H = ${growth.hidden}, B = ${growth.batch}, T = ${growth.steps}.`,
      '',
      table(
        ['engine', `after ${growth.early} steps`, `after ${growth.late} steps`, 'difference'],
        Object.entries(growth.runs).map(([id, [a, b]]) => [
          ...[title(id), a.toFixed(1), b.toFixed(1), (b - a).toFixed(1)],
        ]),
      ),
    );
  }
  add('Regenerate: `npm run bench:train`; raw numbers beside this file, in JSON.');
  return `${parts.join('\n\n')}\n`;
}

/** The README's table: dense input, B = 20, T = 35, milliseconds and how many times as fast as autograd. */
export function summary(state) {
  const entries = Object.values(state.cases)
    .filter(({ input, batch, steps }) => input === 'dense' && batch === 20 && steps === 35)
    .filter(({ rounds }) => rounds.length > 0)
    .toSorted((a, b) => a.hidden - b.hidden);
  const fastest = (entry, accepts) =>
    entry.peers
      .filter((id) => accepts(state.peers[id]))
      .sort((a, b) => median(cpu(entry, a)) - median(cpu(entry, b)))[0];
  const torch = (pattern) => (entry) =>
    fastest(entry, ({ kind, form }) => kind === 'torch' && pattern.test(form));
  const peers = [
    ['PyTorch, quantization-aware, autograd', torch(AUTOGRAD)],
    ['the same, backward pass by hand', torch(/^(manual|onednn)/)],
    ['PyTorch `nn.LSTM`, float', torch(/^lstm$/)],
    ['Brevitas `QuantLSTM`', torch(/^brevitas/)],
  ];
  const ours = unique(entries.flatMap((entry) => entry.peers)).filter(
    (id) => state.peers[id].kind === 'ours',
  );
  const cell = (entry, id) => (has(entry, id) ? format(median(cpu(entry, id))) : '–');
  const rows = [
    ...peers.map(([name, find]) => [name, ...entries.map((entry) => cell(entry, find(entry)))]),
    ...ours.map((id) => [
      `**halfgate ${id}**`,
      ...entries.map(
        (entry) => `**${cell(entry, id)}** (${times(ratio(entry, torch(AUTOGRAD)(entry), id))})`,
      ),
    ]),
  ];
  const last = state.sessions.at(-1);
  return [
    '# Training speed, in short',
    '',
    table(['CPU ms per step', ...entries.map(({ hidden }) => `H=${hidden}`)], rows),
    '',
    '- Forward, backward and Adam: one layer, ternary weights, gates in {0, 1/2, 1}, dense input as wide as the layer, B = 20, T = 35; one thread',
    '- In parentheses: against autograd, paired by round; peers: the fastest of their kind of all installs',
    `- ${state.installs.map(({ label }) => label).join('; ')}`,
    '',
    `halfgate ${last.halfgate}, ${last.cpu}, node ${last.node}, ${last.date.slice(0, 10)}; regenerate: npm run bench:train && npm run readme`,
    '',
  ].join('\n');
}
