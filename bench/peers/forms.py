"""One training step of a quantized LSTM in PyTorch, in several forms.

Every form does the same work: ternary weights {-s, 0, s} with s = mean|w| per matrix, gates o, i, f
rounded to {0, 1/2, 1} after the sigmoid, both straight-through; softmax head, cross-entropy, Adam.
`python forms.py` checks that the forms agree.

Gates lie in the order o, i, f, g: the three sigmoids are one block, and so are the three gates whose
gradient is a multiple of dc.
"""

import torch
import torch.nn.functional as F
from torch import nn

FORMS = {
    'eager': 'eager, reference',
    'tuned': 'eager, tuned',
    'tuned-fold': 'eager, tuned, folded embedding',
    'manual': 'eager, hand-written backward',
    'manual-fold': 'eager, hand-written backward, folded embedding',
    'onednn': 'eager, hand-written backward, oneDNN',
    'onednn-fold': 'eager, hand-written backward, oneDNN, folded embedding',
    'jit': 'torch.jit.script',
    'compile': 'torch.compile',
    'lstm': 'nn.LSTM float',
    'brevitas': 'Brevitas QuantLSTM',
    'brevitas-jit': 'Brevitas QuantLSTM, BREVITAS_JIT=1',
}


class Ternary(torch.autograd.Function):
    """s * round(clamp(w / s, -1, 1)), s = mean|w|; the gradient passes."""

    @staticmethod
    def forward(ctx, w):
        s = w.abs().mean()
        return torch.div(w, s).clamp_(-1, 1).round_().mul_(s)

    @staticmethod
    def backward(ctx, grad):
        return grad


# ------------------------------------------------------------------------------------------- reference


def ternary_detach(w):
    s = w.abs().mean()
    q = s * torch.round(torch.clamp(w / s, -1, 1))
    return w + (q - w).detach()


def level3_detach(s):
    return s + (torch.round(s * 2) / 2 - s).detach()


def reference_layer(x, wx, wh, b, h, c):
    """The usual custom cell: two linears a step, gates chunked, each rounded by itself."""
    wx, wh = ternary_detach(wx), ternary_detach(wh)
    hs = []
    for t in range(x.shape[0]):
        z = F.linear(x[t], wx, b) + F.linear(h, wh)
        o, i, f, g = z.chunk(4, 1)
        o = level3_detach(torch.sigmoid(o))
        i = level3_detach(torch.sigmoid(i))
        f = level3_detach(torch.sigmoid(f))
        c = f * c + i * torch.tanh(g)
        h = o * torch.tanh(c)
        hs.append(h)
    return torch.stack(hs), h, c


# ----------------------------------------------------------------------------------------------- tuned


def cell(zx, h, c, wht):
    # fake_quantize rounds to {0, 1/2, 1} and passes the gradient within, both in one operator.
    n = c.shape[1]
    z = torch.addmm(zx, h, wht)
    s, g = z.split([3 * n, n], 1)
    o, i, f = torch.fake_quantize_per_tensor_affine(torch.sigmoid(s), 0.5, 0, 0, 2).chunk(3, 1)
    c = torch.addcmul(f * c, i, torch.tanh(g))
    return o * torch.tanh(c), c


def loop(zx, wh, h, c):
    """Autograd through the operators; the input projection is done, the sigmoids are joined."""
    wht = wh.t()
    hs = []
    for z in zx.unbind(0):
        h, c = cell(z, h, c, wht)
        hs.append(h)
    return torch.stack(hs), h, c


# ------------------------------------------------------------------------------ hand-written backward


def onednn(x, w, b=None):
    """x w^T + b by oneDNN. torch.mm takes MKL, which runs AVX2 code on CPUs that are not Intel's."""
    return torch.ops.mkldnn._linear_pointwise(x, w, b, 'none', [], '')


ONEDNN_MIN = 2_000_000  # multiplications from which oneDNN's larger cost per call pays


class OnednnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return onednn(x, w, b)

    @staticmethod
    def backward(ctx, d):
        x, w = ctx.saved_tensors
        dx = onednn(d, w.t()) if ctx.needs_input_grad[0] else None
        return dx, onednn(d.t(), x.t()), d.sum(0)


class ManualLoop(torch.autograd.Function):
    """The same loop with its backward pass by hand: in place, one weight gradient for all steps."""

    @staticmethod
    def forward(ctx, zx, wh, h0, c0, onednn_min=None):
        steps, batch, n4 = zx.shape
        n = n4 // 4
        ctx.by_onednn = by_onednn = onednn_min is not None and batch * n * n4 >= onednn_min
        ctx.onednn = onednn_min is not None
        z = zx.clone()
        hs = zx.new_empty(steps + 1, batch, n)
        cs = zx.new_empty(steps + 1, batch, n)
        tc = zx.new_empty(steps, batch, n)
        q = zx.new_empty(steps, batch, 3 * n)
        hs[0], cs[0] = h0, c0
        wht = wh.t()
        hl, cl, tl, ql = hs.unbind(0), cs.unbind(0), tc.unbind(0), q.unbind(0)
        ol, il, fl = (part.unbind(0) for part in q.split(n, 2))
        sl, gl = z[:, :, : 3 * n].unbind(0), z[:, :, 3 * n :].unbind(0)
        for t, zt in enumerate(z.unbind(0)):
            if by_onednn:
                zt.add_(onednn(hl[t], wh))
            else:
                zt.addmm_(hl[t], wht)
            sig = sl[t].sigmoid_()
            g = gl[t].tanh_()
            torch.add(sig, sig, out=ql[t]).round_().mul_(0.5)
            c = torch.mul(fl[t], cl[t], out=cl[t + 1]).addcmul_(il[t], g)
            torch.mul(ol[t], torch.tanh(c, out=tl[t]), out=hl[t + 1])
        ctx.save_for_backward(z, q, hs, cs, tc, wh)
        return hs[1:], hs[steps], cs[steps]

    @staticmethod
    def backward(ctx, dhs, _dh, _dc):
        z, q, hs, cs, tc, wh = ctx.saved_tensors
        steps, batch, n4 = z.shape
        n = n4 // 4
        s, g = z[:, :, : 3 * n], z[:, :, 3 * n :]
        o, i, f = q.split(n, 2)
        # d[o] = dh * m[o], d[i, f, g] = dc * m[i, f, g], for all steps at once.
        m = torch.empty_like(z)
        torch.sub(s, s * s, out=m[:, :, : 3 * n])
        m[:, :, :n].mul_(tc)
        m[:, :, n : 2 * n].mul_(g)
        m[:, :, 2 * n : 3 * n].mul_(cs[:-1])
        mg = m[:, :, 3 * n :]
        torch.addcmul(i, i * g, g, value=-1, out=mg)
        dtc = torch.addcmul(o, o * tc, tc, value=-1)
        dz = torch.empty_like(z)
        dzl, dol = dz.unbind(0), dz[:, :, :n].unbind(0)
        dcl = dz[:, :, n:].unflatten(2, (3, n)).unbind(0)
        mol, mcl = m[:, :, :n].unbind(0), m[:, :, n:].unflatten(2, (3, n)).unbind(0)
        kl, fl, dl = dtc.unbind(0), f.unbind(0), dhs.unbind(0)
        dc = z.new_zeros(batch, n)
        wide = dc.unsqueeze(1)
        dh = dl[steps - 1]
        wht = wh.t()
        for t in range(steps - 1, -1, -1):
            torch.mul(dh, mol[t], out=dol[t])
            dc.addcmul_(dh, kl[t])
            torch.mul(wide, mcl[t], out=dcl[t])
            dc.mul_(fl[t])
            if t > 0 and ctx.by_onednn:
                dh = onednn(dzl[t], wht).add_(dl[t - 1])
            elif t > 0:
                dh = torch.addmm(dl[t - 1], dzl[t], wh)
        dzt, before = dz.view(-1, n4).t(), hs[:-1].view(-1, n)
        dwh = onednn(dzt, before.t()) if ctx.onednn else dzt.mm(before)
        return dz, dwh, None, None, None


# ------------------------------------------------------------------------------------------- the model


def brevitas_lstm(size, hidden):
    from brevitas.nn import QuantLSTM
    from brevitas.quant import Int8WeightPerTensorFloat, Uint8ActPerTensorFloat
    from brevitas.core.scaling import ScalingImplType

    class Sigmoid2(Uint8ActPerTensorFloat):
        bit_width = 2
        scaling_impl_type = ScalingImplType.CONST
        scaling_const = 1.0
        max_val = 1.0
        min_val = 0.0

    class Weight2(Int8WeightPerTensorFloat):
        bit_width = 2
        narrow_range = True

    return QuantLSTM(
        size,
        hidden,
        weight_quant=Weight2,
        bias_quant=None,
        io_quant=None,
        gate_acc_quant=None,
        sigmoid_quant=Sigmoid2,
        tanh_quant=None,
        cell_state_quant=None,
    )


def adam(parameters, rate):
    try:
        return torch.optim.Adam(parameters, rate, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, rate)


class Trainer(nn.Module):
    """step(x, targets): x is [T, B, I] floats or [T, B] tokens, targets [T, B]; h and c carry over."""

    def __init__(self, form, kind, hidden, size, batch, vocab, seed=1, rate=1e-3):
        super().__init__()
        torch.manual_seed(seed)
        self.form, self.kind, self.fold = form, kind, form.endswith('-fold')
        self.base = form.replace('-fold', '').replace('-jit', '')
        a = hidden**-0.5

        def uniform(*shape):
            return nn.Parameter(torch.empty(*shape).uniform_(-a, a))

        wx, wh, b = uniform(4 * hidden, size), uniform(4 * hidden, hidden), uniform(4 * hidden)
        self.head_w, self.head_b = uniform(vocab, hidden), uniform(vocab)
        self.embedding = nn.Parameter(torch.randn(vocab, size)) if kind == 'tokens' else None
        self.h = torch.zeros(batch, hidden)
        self.c = torch.zeros(batch, hidden)
        if self.base == 'lstm':
            self.lstm = nn.LSTM(size, hidden)
        elif self.base == 'brevitas':
            self.lstm = brevitas_lstm(size, hidden)
        else:
            self.wx, self.wh, self.b = wx, wh, b
        if self.base == 'jit':
            self.loop = scripted()
        elif self.base == 'compile':
            self.loop = compiled()
        elif self.base == 'manual':
            self.loop = ManualLoop.apply
        elif self.base == 'onednn':
            self.loop = lambda *args: ManualLoop.apply(*args, ONEDNN_MIN)
        else:
            self.loop = loop
        self.optimizer = adam(list(self.parameters()), rate)

    def layer(self, x):
        """[T, B, H], h, c."""
        if self.base == 'lstm':
            hs, (h, c) = self.lstm(x, (self.h.unsqueeze(0), self.c.unsqueeze(0)))
            return hs, h[0], c[0]
        if self.base == 'brevitas':
            # Zero state each time, the module's own default.
            return self.lstm(x)[0], self.h, self.c
        if self.base == 'eager':
            return reference_layer(x, self.wx, self.wh, self.b, self.h, self.c)
        steps, batch = x.shape[:2]
        wx, wh = Ternary.apply(self.wx), Ternary.apply(self.wh)
        if self.fold:
            zx = F.embedding(x, F.linear(self.embedding, wx, self.b))
        elif self.base == 'onednn':
            zx = OnednnLinear.apply(x.reshape(steps * batch, -1), wx, self.b)
            zx = zx.view(steps, batch, -1)
        else:
            zx = F.linear(x.reshape(steps * batch, -1), wx, self.b).view(steps, batch, -1)
        return self.loop(zx, wh, self.h, self.c)

    def gradients(self, x, targets):
        """Loss; gradients in .grad of the parameters, and of x where it is dense."""
        if self.kind == 'tokens' and not self.fold:
            x = F.embedding(x, self.embedding)
        hs, h, c = self.layer(x)
        logits = F.linear(hs.reshape(-1, hs.shape[2]), self.head_w, self.head_b)
        loss = F.cross_entropy(logits, targets.reshape(-1))
        loss.backward()
        self.h, self.c = h.detach(), c.detach()
        return loss.detach()

    def step(self, x, targets):
        self.optimizer.zero_grad(set_to_none=True)
        if self.kind == 'dense':
            x.grad = None
        loss = self.gradients(x, targets)
        self.optimizer.step()
        return loss


_cache = {}


def problem(form):
    """Why this install cannot run the form, or None."""
    if form.startswith('onednn') and not hasattr(torch.ops.mkldnn, '_linear_pointwise'):
        return 'this torch has no oneDNN linear operator'
    if form == 'compile' and not hasattr(torch, 'compile'):
        return 'this torch has no torch.compile'
    if form.startswith('brevitas'):
        try:
            import brevitas.nn  # noqa: F401
        except ImportError as error:
            return f'Brevitas is not installed ({error})'
    return None


def scripted():
    if 'jit' not in _cache:

        @torch.jit.script
        def run(zx: torch.Tensor, wh: torch.Tensor, h: torch.Tensor, c: torch.Tensor):
            n = h.shape[1]
            wht = wh.t()
            hs = []
            for zt in zx.unbind(0):
                z = torch.addmm(zt, h, wht)
                s = torch.fake_quantize_per_tensor_affine(
                    torch.sigmoid(z[:, : 3 * n]), 0.5, 0, 0, 2
                )
                o, i, f = s.chunk(3, 1)
                c = f * c + i * torch.tanh(z[:, 3 * n :])
                h = o * torch.tanh(c)
                hs.append(h)
            return torch.stack(hs), h, c

        _cache['jit'] = run
    return _cache['jit']


def compiled():
    """The whole loop, unrolled by the compiler: faster than the compiled cell, slower to compile."""
    if 'compile' not in _cache:
        import torch._dynamo

        torch._dynamo.config.cache_size_limit = 64
        _cache['compile'] = torch.compile(loop, dynamic=False)
    return _cache['compile']


def batches(kind, hidden, batch, steps, vocab, count=4, seed=2):
    generator = torch.Generator().manual_seed(seed)
    result = []
    for _ in range(count):
        if kind == 'dense':
            x = torch.rand(steps, batch, hidden, generator=generator).mul_(2).sub_(1)
            x.requires_grad_(True)
        else:
            x = torch.randint(vocab, (steps, batch), generator=generator)
        result.append((x, torch.randint(vocab, (steps, batch), generator=generator)))
    return result


def check():
    global ONEDNN_MIN
    ONEDNN_MIN = 0
    torch.set_num_threads(1)
    for kind in ('dense', 'tokens'):
        expected = None
        for form in FORMS:
            if form in ('lstm', 'brevitas', 'brevitas-jit', 'compile') or (kind == 'dense' and '-fold' in form):
                continue
            if problem(form):
                print(f'{kind} {form}: skipped, {problem(form)}')
                continue
            trainer = Trainer(form, kind, 12, 12, 5, 9)
            with torch.no_grad():  # so that all three levels occur
                trainer.wx.mul_(4), trainer.wh.mul_(4)
            (x, targets) = batches(kind, 12, 5, 7, 9)[0]
            losses = [trainer.step(x, targets).item() for _ in range(3)]
            found = [losses, trainer.wx.grad, trainer.wh.grad, trainer.b.grad, trainer.h]
            found.append(x.grad if kind == 'dense' else trainer.embedding.grad)
            expected = expected or found
            assert all(abs(a - b) < 1e-5 for a, b in zip(losses, expected[0])), (form, losses)
            error = max((a - b).abs().max().item() for a, b in zip(found[1:], expected[1:]))
            assert error < 1e-6, (form, error)
            print(f'{kind} {form}: losses {losses}, largest difference {error:.1e}')


if __name__ == '__main__':
    check()
