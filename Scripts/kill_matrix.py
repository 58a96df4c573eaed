#!/usr/bin/env python3
"""Kills builds at random moments and compares what the next run makes with an undisturbed build.

    python3 Scripts/kill_matrix.py .build/release/nanobuild --kills 200

A pipeline of shell tasks, partitions among them, is edited and run; at random moments the program,
one of its workers, or all of them are killed with SIGKILL. What `status --check` calls fresh right
after a kill must be right, a run to the end must give the same files as a build in a folder of its
own, and one more run must do nothing. Standard library only.
"""

import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PARTS = 6


def pipeline():
    """About fifty tasks: eight partitioned assets in two chains, joins, and single tasks."""
    lines = ["nanobuild: 1", "assets:"]

    def asset(name, command, inputs="", partitions=""):
        lines.append(f"  {name}:")
        lines.append("    step: shell")
        if partitions:
            lines.append(f"    partitions: {partitions}")
        if inputs:
            lines.append(f"    inputs: {{{inputs}}}")
        lines.append(f'    with: {{command: "{command}"}}')

    values = "{p: 0.." + str(PARTS - 1) + "}"
    one = "$NB_INPUT_from/$NB_PARTITION_p/text"
    slow = "sleep 0.0$(shuf -i 0-2 -n 1)"
    for chain in "ab":
        asset(f"{chain}0", f"{slow}; cat $NB_INPUT_file $NB_INPUT_file > text",
              f"file: 'in/{chain}{{p}}.txt'", values)
        for level in range(1, 4):
            asset(f"{chain}{level}", f"echo {chain}{level} > text; {slow}; cat {one} >> text",
                  f"from: {chain}{level - 1}", f"{chain}0")
        asset(f"{chain}sum", "cat $NB_INPUT_all/*/text > text; wc -c < text > size",
              f"all: {chain}3")
    asset("all", "cat $NB_INPUT_a/text $NB_INPUT_b/text > text; mkdir more; sort text > more/sorted",
          "a: asum, b: bsum")
    asset("glob", "cat $NB_INPUT_files > text", "files: in/*.txt")
    return "\n".join(lines) + "\n"


def edit(folder, numbers):
    for chain in "ab":
        for part in range(PARTS):
            path = folder / "in" / f"{chain}{part}.txt"
            if not path.exists() or numbers.random() < 0.3:
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{chain}{part} {numbers.randrange(5)}\n" * numbers.randrange(1, 4))


def outputs(folder):
    """Every file of every result in force by its path, reached as people reach it."""
    found = {}
    root = folder / "cache" / "current" / "default"
    for base, _, names in os.walk(root, followlinks=True):
        for name in names:
            path = pathlib.Path(base) / name
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


def children(process):
    found = []
    try:
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        pass
    return found


def kill(process, numbers):
    """Gives what was killed, or nothing when it was too late."""
    kind = numbers.choice(["program", "worker", "both"])
    victims = children(process.pid) if kind != "program" else []
    if kind == "worker":
        victims = victims and [numbers.choice(victims)]
    else:
        victims = [process.pid] + victims
    killed = False
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
            killed = True
        except ProcessLookupError:
            pass
    return kind if killed and (victims or kind == "program") else None


def run(program, folder, *arguments):
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    numbers = random.Random(options.seed)
    base = pathlib.Path(tempfile.mkdtemp(prefix="nanobuild-kills-"))
    folder = base / "project"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(pipeline())
    edit(folder, numbers)
    kills = {"program": 0, "worker": 0, "both": 0}
    wrong, fresh, rounds = [], 0, 0

    def compare(what):
        """Notes how the results differ from what they should be."""
        found = outputs(folder)
        if found == expected:
            return
        names = sorted(set(found) | set(expected))
        differing = [name for name in names if found.get(name) != expected.get(name)]
        wrong.append(f"round {rounds}: {what}: {', '.join(differing[:8])}")

    def undisturbed():
        clean = base / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        clean.mkdir()
        shutil.copytree(folder / "in", clean / "in")
        shutil.copy(folder / "pipeline.yaml", clean)
        end = run(program, clean, "run")
        if end.returncode != 0:
            sys.exit("an undisturbed run failed:\n" + end.stderr)
        return outputs(clean)

    start = time.monotonic()
    expected = undisturbed()
    took = time.monotonic() - start
    tasks = run(program, folder, "run", "--dry-run").stdout.splitlines()[-1]
    print(f"{tasks.split(':')[0]}, an undisturbed run takes {took:.2f} s")
    while sum(kills.values()) < options.kills and not wrong:
        rounds += 1
        edit(folder, numbers)
        expected = undisturbed()
        for _ in range(numbers.randrange(1, 8)):
            process = subprocess.Popen([program, "run"], cwd=folder, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(numbers.random() ** 2 * took * 0.6)
            kind = kill(process, numbers) if process.poll() is None else None
            process.wait()
            if kind:
                kills[kind] += 1
            if run(program, folder, "status", "--check").returncode == 0:
                fresh += 1
                compare("called fresh, but is not what it should be")
        end = run(program, folder, "run")
        if end.returncode != 0:
            wrong.append(f"round {rounds}: the run to the end failed\n{end.stderr}")
        else:
            compare("other results than an undisturbed build")
        again = run(program, folder, "run").stdout
        if " 0 ran, 0 restored," not in again:
            wrong.append(f"round {rounds}: a further run did something: {again}")
    verify = run(program, folder, "cache", "verify")
    if verify.returncode != 0:
        wrong.append("cache verify: " + verify.stdout + verify.stderr)
    total = sum(kills.values())
    print(f"{total} kills ({', '.join(f'{count} {name}' for name, count in kills.items())}) "
          f"in {rounds} rounds; {fresh} times all was fresh at once; {len(wrong)} wrong")
    for line in wrong[:10]:
        print(line)
    if wrong:
        sys.exit(f"the project is kept: {folder}")
    shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
