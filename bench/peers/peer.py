"""One PyTorch peer of bench/train.mjs: a process that answers JSON lines.

    python peer.py --probe          what this install is and which forms it runs
    python peer.py FORM THREADS     answers setup, measure, run, memory, epoch until stdin ends
"""

import ctypes
import gc
import json
import os
import platform
import sys
import time

# Only answers may go to stdout.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)


def answer(value):
    answers.write(json.dumps(value) + '\n')
    answers.flush()


if len(sys.argv) > 2 and sys.argv[1] == 'brevitas-jit':
    os.environ['BREVITAS_JIT'] = '1'

try:
    import torch
except ImportError as error:
    answer({'problem': f'no torch ({error})'})
    sys.exit()

import forms  # noqa: E402


def blas():
    """The library that multiplies matrices, and the kernels it chose where it says so."""
    torch.mm(torch.ones(4, 4), torch.ones(4, 4))
    if 'BLAS_INFO=mkl' in torch.__config__.show().replace('USE_MKL', ''):
        return 'MKL'
    try:
        with open('/proc/self/maps') as maps:
            paths = {line.split()[-1] for line in maps if 'blas' in line and '/' in line}
    except OSError:
        return 'unknown BLAS'
    for path in paths:
        try:
            core = ctypes.CDLL(path).openblas_get_corename
        except (AttributeError, OSError):
            continue
        core.restype = ctypes.c_char_p
        return f'OpenBLAS, {core().decode()} kernels'
    return 'reference BLAS, slow' if paths else 'unknown BLAS'


def capability():
    """The vector instructions of torch's own kernels."""
    lines = torch.__config__.show().splitlines()
    return next((line.split(': ')[1] for line in lines if 'CPU capability' in line), None)


def probe():
    try:
        import brevitas

        version = brevitas.__version__
    except ImportError:
        version = None
    return {
        'torch': torch.__version__,
        'brevitas': version,
        'pythonVersion': platform.python_version(),
        'blas': blas(),
        'capability': capability(),
        'forms': {form: forms.problem(form) for form in forms.FORMS},
        'labels': forms.FORMS,
    }


def memory():
    """Present and peak resident size in MiB."""
    try:
        with open('/proc/self/status') as status:
            fields = dict(line.split(':', 1) for line in status)
        return {key: int(fields[name].split()[0]) / 1024 for key, name in
                (('rssMb', 'VmRSS'), ('peakMb', 'VmHWM'))}
    except (OSError, KeyError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak /= 2**20 if sys.platform == 'darwin' else 1024
        return {'rssMb': None, 'peakMb': peak}


def forget():
    """Freed memory back to the system, and the peak to the present size."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        with open('/proc/self/clear_refs', 'w') as refs:
            refs.write('5')
    except (AttributeError, OSError):
        pass


class Peer:
    def __init__(self, form):
        self.form = form
        self.trainer = None
        self.data = []
        self.count = 0
        self.stepMs = 0.0

    def setup(self, input, hidden, batch, steps, vocab, **_):
        self.trainer = self.data = None
        forget()
        self.trainer = forms.Trainer(self.form, input, hidden, hidden, batch, vocab)
        self.data = forms.batches(input, hidden, batch, steps, vocab)
        begun = time.perf_counter()
        loss = self.steps(1)
        self.steps(3)  # TorchScript and torch.compile are warm after three
        while time.perf_counter() - begun < 0.15:
            self.steps(1)
        gc.collect()
        gc.freeze()
        return {'loss': loss, 'seconds': time.perf_counter() - begun}

    def steps(self, count):
        loss = None
        cpu = time.process_time()
        for _ in range(count):
            loss = self.trainer.step(*self.data[self.count % len(self.data)])
            self.count += 1
        self.stepMs = (time.process_time() - cpu) * 1e3 / count
        return loss.item()

    def measure(self, cpuMs, **_):
        if self.stepMs < 100:
            self.steps(1)  # the caches were another process's
        count = max(1, min(1000, round(cpuMs / max(self.stepMs, 0.01))))
        wall, cpu = time.perf_counter(), time.process_time()
        self.steps(count)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {'steps': count, 'cpuMs': cpu * 1e3 / count, 'wallMs': wall * 1e3 / count}

    def memory(self, **_):
        return memory()

    def epoch(self, file, hidden, batch, steps, limit=None, **_):
        """One epoch over the bytes of a text's first 80 %, lanes side by side, state carried over."""
        self.trainer = self.data = None
        begun = time.process_time(), time.perf_counter()
        with open(file, 'rb') as text:
            content = text.read()
        content = content[: len(content) * 4 // 5]
        ids = {symbol: k for k, symbol in enumerate(sorted(set(content)))}
        tokens = torch.tensor([ids[symbol] for symbol in content])
        lane = (len(tokens) - 1) // batch
        inputs = tokens[: batch * lane].view(batch, lane).t().contiguous()
        targets = tokens[1 : batch * lane + 1].view(batch, lane).t().contiguous()
        trainer = forms.Trainer(self.form, 'tokens', hidden, hidden, batch, len(ids))
        count = min(lane // steps, limit or lane)
        running = 0.0
        for k in range(count):
            part = slice(k * steps, (k + 1) * steps)
            loss = trainer.step(inputs[part], targets[part])
            if k % 10 == 0:
                running = loss.item() if k == 0 else 0.9 * running + 0.1 * loss.item()
        return {
            'steps': count,
            'cpuMs': (time.process_time() - begun[0]) * 1e3,
            'wallMs': (time.perf_counter() - begun[1]) * 1e3,
            'loss': running,
        }


def main():
    if sys.argv[1:] == ['--probe']:
        answer(probe())
        return
    form, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    problem = forms.problem(form)
    if problem:
        answer({'problem': problem})
        return
    answer({'version': f'torch {torch.__version__}'})
    peer = Peer(form)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(getattr(peer, request.pop('op'))(**request))
        except Exception as error:  # the harness reports it and goes on without this peer
            answer({'problem': f'{type(error).__name__}: {error}'.splitlines()[0][:200]})


main()
