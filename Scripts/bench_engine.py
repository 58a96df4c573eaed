#!/usr/bin/env python3
"""Compares a no-op `nanobuild run` and `status` with a no-op `ninja` on graphs of the same shape.

    Scripts/bench_engine.py [path of nanobuild] [--sizes 1000,10000] [--large] [--repeat 11] [--json]

The graph: N steps that each copy one file, and two joins that each read half of them. Both tools
bring their own copy up to date first; then `ninja`, `nanobuild run` and `nanobuild status` are
started in turns with nothing to do. Printed are the medians, their ratios to ninja's (below 1:
nanobuild is faster), the largest memory of each, and what `--version` and, to
compare, `true` take when started from here. `--large` adds 100,000
steps, which take minutes to make. Needs nothing but Python's standard library and ninja; memory
is measured when GNU time is there.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def sources(folder, count):
    (folder / "in").mkdir(parents=True)
    for number in range(count):
        (folder / "in" / f"{number}.txt").write_text(f"{number}\n")


def ninja_graph(folder, count):
    """The steps and joins for ninja; the joins read their files from response files."""
    sources(folder, count)
    lines = [
        "rule copy", "  command = cp $in $out",
        "rule join", "  command = xargs cat < $out.rsp > $out",
        "  rspfile = $out.rsp", "  rspfile_content = $in_newline",
    ]
    lines += [f"build out/{number}.txt: copy in/{number}.txt" for number in range(count)]
    for half in range(2):
        files = " ".join(f"out/{number}.txt" for number in range(half, count, 2))
        lines.append(f"build join{half}.txt: join {files}")
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


def nanobuild_graph(folder, count):
    """The steps and joins for nanobuild, an asset each."""
    sources(folder, count)
    lines = ["nanobuild: 1", "name: bench", "assets:"]
    for number in range(count):
        lines += [
            f"  s{number}:", "    step: shell", f"    inputs: {{file: in/{number}.txt}}",
            '    with: {command: "cp $NB_INPUT_file text"}',
        ]
    for half in range(2):
        lines += [f"  join{half}:", "    step: shell", "    inputs:"]
        lines += [f"      i{number}: s{number}" for number in range(half, count, 2)]
        lines.append(
            "    with: {command: 'if test -n \"${NB_INPUTS-}\"; then cut -f2 $NB_INPUTS; else"
            " env | sed -n s/^NB_INPUT_[^=]*=//p; fi | sed s,$,/text, | sort | xargs cat > text'}")
    (folder / "pipeline.yaml").write_text("\n".join(lines) + "\n")


def measure(command, folder):
    """Seconds and output of one start of `command`."""
    begin = time.perf_counter()
    process = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.perf_counter() - begin
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{process.stdout[-2000:]}")
    return seconds, process.stdout


def peak_memory(command, folder):
    """Peak memory of one start of `command` in KiB.

    A fork of Python passes Python's own peak on to its child; `time` is small. None without it.
    """
    tool = shutil.which("time")
    if not tool:
        return None
    process = subprocess.run(
        [tool, "-f", "peak %M", *command], cwd=folder, capture_output=True, text=True)
    return int(process.stderr.rsplit("peak ", 1)[1])


def compare(program, count, repeat):
    root = pathlib.Path(tempfile.mkdtemp(prefix="nanobuild-bench-"))
    try:
        peer, own = root / "ninja", root / "nanobuild"
        ninja_graph(peer, count)
        nanobuild_graph(own, count)
        first = {"ninja": measure(["ninja"], peer)[0], "nanobuild": measure([program, "run"], own)[0]}
        commands = {
            "ninja": (["ninja"], peer, "no work to do"),
            "run": ([program, "run"], own, f"0 ran, 0 restored, {count + 2} fresh"),
            "status": ([program, "status"], own, f"{count + 2} fresh"),
        }
        for _ in range(2):  # settle: stamps older than the clock's grain, pages in memory
            time.sleep(0.1)
            for command, folder, _ in commands.values():
                measure(command, folder)
        times = {name: [] for name in commands}
        memory = {name: peak_memory(*commands[name][:2]) for name in commands}
        for _ in range(repeat):
            for name, (command, folder, expected) in commands.items():
                seconds, output = measure(command, folder)
                if expected not in output:
                    sys.exit(f"{name} did not find everything fresh:\n{output[-2000:]}")
                times[name].append(seconds)
        medians = {name: statistics.median(list_) for name, list_ in times.items()}
        return {
            "steps": count, "first_seconds": first,
            "median_milliseconds": {n: round(m * 1e3, 2) for n, m in medians.items()},
            "ratio_to_ninja": {n: round(medians[n] / medians["ninja"], 3) for n in ("run", "status")},
            "peak_kib": memory,
            "memory_ratio": {
                n: round(memory[n] / memory["ninja"], 2) for n in ("run", "status") if memory[n]},
        }
    finally:
        # Results are read-only.
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=False)
        shutil.rmtree(root, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(__file__).resolve().parent.parent / ".build/release/nanobuild"
    parser.add_argument("program", nargs="?", default=str(default))
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--large", action="store_true", help="also 100,000 steps")
    parser.add_argument("--repeat", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    if not shutil.which("ninja"):
        sys.exit("ninja is not installed")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))

    starts = [measure([program, "--version"], "/")[0] for _ in range(options.repeat * 2)]
    empty = [measure(["true"], "/")[0] for _ in range(options.repeat * 2)]
    results = {
        "version_milliseconds": round(statistics.median(starts) * 1e3, 2),
        "empty_program_milliseconds": round(statistics.median(empty) * 1e3, 2), "graphs": []}
    sizes = [int(size) for size in options.sizes.split(",") if size]
    for count in sizes + ([100_000] if options.large else []):
        result = compare(program, count, options.repeat)
        results["graphs"].append(result)
        if not options.json:
            median, ratio, peak = (
                result["median_milliseconds"], result["ratio_to_ninja"], result["peak_kib"])
            print(f"{count:,} steps and two joins, nothing to do:")
            for name in ("ninja", "run", "status"):
                times = f"  {ratio[name]:.2f}x ninja" if name in ratio else ""
                label = name if name == "ninja" else f"nanobuild {name}"
                room = f"  {peak[name] / 1024:7.1f} MiB" if peak[name] else ""
                print(f"  {label:18} {median[name]:9.2f} ms{room}{times}")
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        print(
            f"nanobuild --version: {results['version_milliseconds']:.2f} ms, of which starting any"
            f" program from here is {results['empty_program_milliseconds']:.2f} ms")


if __name__ == "__main__":
    main()
