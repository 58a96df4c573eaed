#!/usr/bin/env python3
"""The same model, optimisers and steps in PyTorch: the referee of exactness and of speed.

    torch_reference.py record FOLDER [--layers 2 --width 128 --heads 1 --kv-heads 1 ...]
        writes reference.json, logits.f32 and gradients.f32: step-0 logits and gradients and the losses
        of 20 training steps, from weights and tokens that both sides make by one formula.
    torch_reference.py bench --depth 4 --precision fp32 [--compile default] [--steps 4]
        trains whole 8,192-token steps, two to warm up, and prints {"tokens_per_second": ...}.
    torch_reference.py decode --depth 4 --precision fp32 [--compile default] [--prompt 64 --new 64]
        reads a prompt and makes tokens one by one with cached keys and values, one stream.

Needs the package torch.
"""
import argparse
import json
import math
import os
import time

import torch
import torch.nn.functional as F


class Shape:
    def __init__(self, vocabulary, layers, width, heads, kv_heads, sequence):
        self.vocabulary, self.layers, self.width = vocabulary, layers, width
        self.heads, self.kv_heads, self.sequence = heads, kv_heads, sequence
        self.head_size = width // heads


def norm(x):
    return F.rms_norm(x, (x.size(-1),), eps=1e-6)


class GPT(torch.nn.Module):
    """Parameters in the order of GPTConfiguration.parameterShapes."""

    def __init__(self, shape):
        super().__init__()
        self.shape = s = shape
        d = s.head_size
        empty = lambda *size: torch.nn.Parameter(torch.zeros(*size))
        self.embed = empty(s.vocabulary, s.width)
        self.layers = torch.nn.ModuleList()
        for _ in range(s.layers):
            layer = torch.nn.Module()
            layer.q = empty(s.width, s.width)
            layer.k = empty(s.kv_heads * d, s.width)
            layer.v = empty(s.kv_heads * d, s.width)
            layer.o = empty(s.width, s.width)
            layer.fc1 = empty(4 * s.width, s.width)
            layer.fc2 = empty(s.width, 4 * s.width)
            self.layers.append(layer)
        self.head = empty(s.vocabulary, s.width)
        inverse = 1.0 / (10000 ** (torch.arange(0, d, 2).float() / d))
        angles = torch.outer(torch.arange(s.sequence).float(), inverse)
        self.register_buffer("cosine", angles.cos()[None, :, None, :])
        self.register_buffer("sine", angles.sin()[None, :, None, :])

    def list(self):
        names = [("embedding", self.embed)]
        for layer in self.layers:
            for name in ("q", "k", "v", "o", "fc1", "fc2"):
                names.append(("matrix", getattr(layer, name)))
        return names + [("head", self.head)]

    def rotate(self, x):
        half = x.size(-1) // 2
        a, b = x[..., :half], x[..., half:]
        cosine, sine = self.cosine[:, : x.size(1)], self.sine[:, : x.size(1)]
        cosine, sine = cosine.to(x.dtype), sine.to(x.dtype)
        return torch.cat([a * cosine + b * sine, b * cosine - a * sine], -1)

    def forward(self, tokens, targets=None):
        s = self.shape
        batch, length = tokens.shape
        x = norm(F.embedding(tokens, self.embed))
        for layer in self.layers:
            y = norm(x)
            q = F.linear(y, layer.q).view(batch, length, s.heads, s.head_size)
            k = F.linear(y, layer.k).view(batch, length, s.kv_heads, s.head_size)
            v = F.linear(y, layer.v).view(batch, length, s.kv_heads, s.head_size)
            q, k = norm(self.rotate(q)), norm(self.rotate(k))
            y = F.scaled_dot_product_attention(
                q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True,
                enable_gqa=s.heads != s.kv_heads)
            x = x + F.linear(y.transpose(1, 2).reshape(batch, length, s.width), layer.o)
            x = x + F.linear(F.relu(F.linear(norm(x), layer.fc1)).square(), layer.fc2)
        logits = F.linear(norm(x), self.head).float()
        logits = 15 * torch.tanh(logits / 15)
        if targets is None:
            return logits
        return F.cross_entropy(logits.view(-1, s.vocabulary), targets.reshape(-1))


def orthogonalize(g, dtype):
    x = g.to(dtype)
    if g.size(0) > g.size(1):
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if g.size(0) > g.size(1) else x).float()


class Optimizers:
    """Clipping to 1, AdamW on embedding and head, Muon on the matrices."""

    def __init__(self, model, dtype=torch.float32, compiled=False):
        self.model, self.dtype = model, dtype
        self.momenta = [torch.zeros_like(p) for _, p in model.list()]
        scale = (model.shape.width / 768) ** -0.5
        groups = [
            {"params": [model.embed], "lr": 0.2 * scale},
            {"params": [model.head], "lr": 0.004 * scale},
        ]
        self.adamw = torch.optim.AdamW(
            groups, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.0, fused=True)
        self.update = torch.compile(self.muon) if compiled else self.muon

    def muon(self, p, buffer, mu):
        g = p.grad
        buffer.mul_(mu).add_(g, alpha=1 - mu)
        u = orthogonalize((1 - mu) * g + mu * buffer, self.dtype)
        p.add_(u, alpha=-0.02 * math.sqrt(max(1, p.size(0) / p.size(1))))

    @torch.no_grad()
    def step(self, index):
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.adamw.step()
        mu = 0.85 + 0.10 * min(1, index / 300)
        for (role, p), buffer in zip(self.model.list(), self.momenta):
            if role == "matrix":
                self.update(p, buffer, mu)


# MARK: numbers made by formula


def uniform(count, seed):
    """Hash of index and seed in [-0.5, 0.5), exact in double precision."""
    i = torch.arange(count, dtype=torch.int64)
    x = (i * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 73244475) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 73244475) & 0xFFFFFFFF
    x = x ^ (x >> 16)
    return x.double() / 2**32 - 0.5


def fill(model):
    with torch.no_grad():
        for index, (role, p) in enumerate(model.list()):
            scale = 3.4 if role == "embedding" else 3.4 / math.sqrt(p.size(1))
            p.copy_((uniform(p.numel(), index + 1) * scale).float().view_as(p))


def tokens_of(shape, batch, step):
    count = batch * shape.sequence + 1
    ids = ((uniform(count, 1000 + step) + 0.5) * shape.vocabulary).long()
    ids = ids.clamp(max=shape.vocabulary - 1)
    return (
        ids[:-1].view(batch, shape.sequence), ids[1:].view(batch, shape.sequence))


def record(arguments):
    shape = Shape(
        arguments.vocabulary, arguments.layers, arguments.width, arguments.heads,
        arguments.kv_heads or arguments.heads, arguments.sequence)
    torch.set_float32_matmul_precision("highest")
    model = GPT(shape)
    fill(model)
    os.makedirs(arguments.folder, exist_ok=True)
    tokens, targets = tokens_of(shape, arguments.batch, 0)
    with torch.no_grad():
        logits = model(tokens)
    logits.numpy().tofile(os.path.join(arguments.folder, "logits.f32"))
    model(tokens, targets).backward()
    with open(os.path.join(arguments.folder, "gradients.f32"), "wb") as file:
        for _, p in model.list():
            p.grad.numpy().tofile(file)
    optimizers, losses = Optimizers(model), []
    for step in range(20):
        model.zero_grad(set_to_none=True)
        loss = model(*tokens_of(shape, arguments.batch, step))
        loss.backward()
        losses.append(loss.item())
        optimizers.step(step)
    result = {
        "torch": torch.__version__, "vocabulary": shape.vocabulary, "layers": shape.layers,
        "width": shape.width, "heads": shape.heads, "kv_heads": shape.kv_heads,
        "sequence": shape.sequence, "batch": arguments.batch, "losses": losses,
    }
    with open(os.path.join(arguments.folder, "reference.json"), "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    print(json.dumps(result))


def bench(arguments):
    depth = arguments.depth
    width = 64 * depth
    heads = (width + 127) // 128
    shape = Shape(arguments.vocabulary, depth, width, heads, heads, arguments.sequence)
    torch.manual_seed(1)
    torch.set_float32_matmul_precision(arguments.matmul)
    torch.set_num_threads(arguments.threads)
    model = GPT(shape)
    fill(model)
    bf16 = arguments.precision == "bf16"
    compiled = arguments.compile != "none"
    mode = None if arguments.compile == "default" else arguments.compile
    forward = torch.compile(model, mode=mode) if compiled else model
    optimizers = Optimizers(model, torch.bfloat16 if bf16 else torch.float32, compiled)
    batch = 8192 // shape.sequence
    seconds = []
    for step in range(arguments.steps + 2):
        tokens, targets = tokens_of(shape, batch, step)
        start = time.perf_counter()
        model.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = forward(tokens, targets)
        loss.backward()
        optimizers.step(step)
        loss.item()
        if step >= 2:
            seconds.append(time.perf_counter() - start)
    median = sorted(seconds)[len(seconds) // 2]
    print(json.dumps({
        "tokens_per_second": 8192 / median, "step_seconds": seconds, "torch": torch.__version__}))


class Decoder:
    """The model with cached keys and values of one stream; shapes stay the same, so it compiles."""

    def __init__(self, model, length):
        s = self.shape = model.shape
        self.model, self.length = model, length
        of = lambda: torch.zeros(1, s.kv_heads, length, s.head_size, dtype=model.embed.dtype)
        self.keys, self.values = [of() for _ in model.layers], [of() for _ in model.layers]

    def __call__(self, tokens, positions):
        s, model = self.shape, self.model
        count = tokens.size(1)
        cosine, sine = model.cosine[:, positions], model.sine[:, positions]

        def rotate(x):
            a, b = x.chunk(2, -1)
            return norm(torch.cat([a * cosine + b * sine, b * cosine - a * sine], -1))

        mask = torch.arange(self.length)[None, :] <= positions[:, None]
        x = norm(F.embedding(tokens, model.embed))
        for layer, keys, values in zip(model.layers, self.keys, self.values):
            y = norm(x)
            q = rotate(F.linear(y, layer.q).view(1, count, s.heads, s.head_size))
            k = rotate(F.linear(y, layer.k).view(1, count, s.kv_heads, s.head_size))
            v = F.linear(y, layer.v).view(1, count, s.kv_heads, s.head_size)
            keys.index_copy_(2, positions, k.transpose(1, 2))
            values.index_copy_(2, positions, v.transpose(1, 2))
            y = F.scaled_dot_product_attention(q.transpose(1, 2), keys, values, attn_mask=mask)
            x = x + F.linear(y.transpose(1, 2).reshape(1, count, s.width), layer.o)
            x = x + F.linear(F.relu(F.linear(norm(x), layer.fc1)).square(), layer.fc2)
        return 15 * torch.tanh(F.linear(norm(x[:, -1:]), model.head).float() / 15)


def decode(arguments):
    depth = arguments.depth
    width = 64 * depth
    heads = (width + 127) // 128
    length = arguments.prompt + arguments.new
    shape = Shape(arguments.vocabulary, depth, width, heads, heads, length)
    torch.set_float32_matmul_precision(arguments.matmul)
    torch.set_num_threads(arguments.threads)
    model = GPT(shape)
    fill(model)
    if arguments.precision == "bf16":
        model = model.to(torch.bfloat16)
    decoder = Decoder(model, length)
    call = decoder if arguments.compile == "none" else torch.compile(decoder.__call__)
    prompt = tokens_of(shape, 1, 0)[0][:, : arguments.prompt]
    best = {"prefill_tokens_per_second": 0, "decode_tokens_per_second": 0}
    with torch.inference_mode():
        for round in range(arguments.rounds + 1):
            start = time.perf_counter()
            token = call(prompt, torch.arange(arguments.prompt)).argmax(-1)
            middle = time.perf_counter()
            for position in range(arguments.prompt, length):
                token = call(token, torch.tensor([position])).argmax(-1)
            token.item()
            end = time.perf_counter()
            if round:  # the first warms up
                rates = (arguments.prompt / (middle - start), arguments.new / (end - middle))
                for key, rate in zip(best, rates):
                    best[key] = max(best[key], rate)
    print(json.dumps({**best, "torch": torch.__version__}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("record")
    command.add_argument("folder")
    for name, default in (
        ("vocabulary", 64), ("layers", 2), ("width", 32), ("heads", 4), ("kv-heads", 2),
        ("sequence", 16), ("batch", 2),
    ):
        command.add_argument("--" + name, type=int, default=default)
    command.set_defaults(run=record)
    for name, run in (("bench", bench), ("decode", decode)):
        command = commands.add_parser(name)
        command.add_argument("--depth", type=int, default=4)
        command.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
        command.add_argument(
            "--compile", choices=["none", "default", "max-autotune"], default="default")
        command.add_argument("--vocabulary", type=int, default=10240)
        command.add_argument("--threads", type=int, default=os.cpu_count())
        command.add_argument("--matmul", choices=["highest", "high", "medium"], default="medium")
        command.set_defaults(run=run)
        if run is bench:
            command.add_argument("--steps", type=int, default=4)
            command.add_argument("--sequence", type=int, default=512)
        else:
            command.add_argument("--prompt", type=int, default=64)
            command.add_argument("--new", type=int, default=64)
            command.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
