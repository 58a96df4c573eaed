#!/usr/bin/env python3
"""Times the bfloat16 products of Sources/CKernels against torch's, in turns, by shape and form.

Needs torch and a C compiler (clang). Prints GFLOP/s, the best of several runs of each.
"""

import argparse
import concurrent.futures
import ctypes
import pathlib
import subprocess
import tempfile
import time

import torch

SHAPES = [  # rows, in, out
    (8192, 256, 1024), (8192, 1024, 256), (8192, 512, 2048), (8192, 2048, 512),
    (8192, 768, 3072), (8192, 3072, 768), (8192, 768, 768), (8192, 768, 10240),
]


class Operand(ctypes.Structure):
    _fields_ = [("values", ctypes.c_void_p), ("stride", ctypes.c_size_t),
                ("is_bf16", ctypes.c_bool)]


class Result(ctypes.Structure):
    _fields_ = [("values", ctypes.c_void_p), ("stride", ctypes.c_size_t),
                ("is_bf16", ctypes.c_bool), ("accumulates", ctypes.c_bool)]


def compile_library(folder):
    sources = pathlib.Path(__file__).resolve().parent.parent / "Sources" / "CKernels"
    library = pathlib.Path(folder) / "libgemm.so"
    files = sorted(str(path) for path in sources.glob("gemm_bf16*.c"))
    command = ["clang", "-O3", "-std=c17", "-shared", "-fPIC", *files, "-o", library]
    subprocess.run(command, check=True)
    c = ctypes.CDLL(str(library))
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    c.nb_bf16_packed_bytes.restype = size
    c.nb_bf16_packed_bytes.argtypes = [size, size]
    c.nb_bf16_scratch_bytes.restype = size
    c.nb_bf16_pack.argtypes = [pointer, Operand, size, size, size]
    c.nb_bf16_pack_transposed.argtypes = [pointer, Operand, size, size, size]
    c.nb_bf16_multiply.argtypes = [Result, Operand, pointer, size, size, size, pointer]
    c.nb_bf16_multiply_transposed.argtypes = [Result, Operand, Operand, size, size, size, pointer]
    return c


def memory(byte_count):
    return torch.zeros(byte_count + 4096, dtype=torch.uint8)


def aligned(tensor):
    return (tensor.data_ptr() + 63) // 64 * 64


def address(tensor, row=0, column=0):
    return tensor.data_ptr() + (row * tensor.shape[1] + column) * tensor.element_size()


def operand(tensor, row=0, column=0):
    return Operand(address(tensor, row, column), tensor.shape[1], tensor.dtype == torch.bfloat16)


def result(tensor, row=0, column=0, accumulates=False):
    return Result(address(tensor, row, column), tensor.shape[1],
                  tensor.dtype == torch.bfloat16, accumulates)


def cut(count, parts, step):
    edges = [count * part // parts // step * step for part in range(parts)] + [count]
    return list(zip(edges, edges[1:]))


def seconds(work, budget):
    """The best run of as many as the budget (in seconds) allows."""
    work()
    best = float("inf")
    end = time.perf_counter() + budget
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.25, help="for each turn")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--fp32-inputs", action="store_true", help="ours reads fp32 activations")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pool = concurrent.futures.ThreadPoolExecutor(options.threads)

    with tempfile.TemporaryDirectory() as folder:
        c = compile_library(folder)
        if not c.nb_bf16_supported():
            raise SystemExit("this machine has no AVX512_BF16")
        scratch = [memory(c.nb_bf16_scratch_bytes()) for _ in range(options.threads)]

        def split(ranges, work):
            futures = [pool.submit(work, first, last, aligned(scratch[index]))
                       for index, (first, last) in enumerate(ranges)]
            for future in futures:
                future.result()

        print(f"GFLOP/s, {options.threads} threads, nanobuild / torch {torch.__version__}")
        for rows, n_in, n_out in SHAPES:
            x, w, dy = (torch.randn(*shape).bfloat16()
                        for shape in [(rows, n_in), (n_out, n_in), (rows, n_out)])
            ours_x, ours_dy = (x.float(), dy.float()) if options.fp32_inputs else (x, dy)
            y, dx, dw = torch.zeros(rows, n_out), torch.zeros(rows, n_in), torch.zeros(n_out, n_in)
            forward = memory(c.nb_bf16_packed_bytes(n_in, n_out))
            backward = memory(c.nb_bf16_packed_bytes(n_out, n_in))
            c.nb_bf16_pack_transposed(aligned(forward), operand(w), n_in, 0, n_out)
            c.nb_bf16_pack(aligned(backward), operand(w), n_out, 0, n_in)

            def ours_forward():
                split(cut(rows, options.threads, 14), lambda first, last, s: c.nb_bf16_multiply(
                    result(y, first), operand(ours_x, first), aligned(forward),
                    last - first, n_out, n_in, s))

            def ours_input():
                split(cut(rows, options.threads, 14), lambda first, last, s: c.nb_bf16_multiply(
                    result(dx, first), operand(ours_dy, first), aligned(backward),
                    last - first, n_in, n_out, s))

            def ours_weight():
                if n_out >= n_in:
                    split(cut(n_out, options.threads, 14),
                          lambda first, last, s: c.nb_bf16_multiply_transposed(
                              result(dw, first), operand(ours_dy, 0, first), operand(ours_x),
                              last - first, n_in, rows, s))
                else:
                    split(cut(n_in, options.threads, 32),
                          lambda first, last, s: c.nb_bf16_multiply_transposed(
                              result(dw, 0, first), operand(ours_dy), operand(ours_x, 0, first),
                              n_out, last - first, rows, s))

            forms = [("Y = X·Wᵀ", ours_forward, lambda: x @ w.T, y),
                     ("dX = dY·W", ours_input, lambda: dy @ w, dx),
                     ("dW = dYᵀ·X", ours_weight, lambda: dy.T @ x, dw)]
            line = f"{rows}×{n_in}×{n_out}:"
            for name, ours, theirs, target in forms:
                target.fill_(float("nan"))
                ours()
                torch.testing.assert_close(target, theirs().float(), rtol=2e-2, atol=2e-1)
                mine = other = float("inf")
                for _ in range(options.turns):
                    mine = min(mine, seconds(ours, options.seconds))
                    other = min(other, seconds(theirs, options.seconds))
                work = 2e-9 * rows * n_in * n_out
                line += f"  {name} {work / mine:.0f} / {work / other:.0f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
