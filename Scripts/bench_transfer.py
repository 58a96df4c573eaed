#!/usr/bin/env python3
"""Compares `data.fetch` with `curl --parallel --parallel-max 16` on the same files over loopback.

    Scripts/bench_transfer.py [path of nanobuild] [--repeat 5]

Generates files, serves them from a small threaded server (sendfile, keep-alive), lets both tools
fetch all of them in turn, and prints the best time of each and their ratio (above 1: nanobuild is
faster), and the same for processor time, which other work on the machine disturbs less. nanobuild's time includes its start, keys, publishing and hashing of the results. Needs
nothing but Python's standard library and curl.
"""
import argparse
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time


def serve(folder):
    """Starts a server for the files in `folder`; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    files = {}
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        files["/" + path.name] = (descriptor, os.fstat(descriptor).st_size)

    def client(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in pending:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    pending += chunk
                head, pending = pending.split(b"\r\n\r\n", 1)
                name = head.split(b" ", 2)[1].decode()
                if name not in files:
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                descriptor, size = files[name]
                connection.sendall(
                    b'HTTP/1.1 200 OK\r\nETag: "%d"\r\nContent-Length: %d\r\n\r\n' % (size, size),
                    socket.MSG_MORE if size else 0)
                sent = 0
                while sent < size:
                    sent += os.sendfile(connection.fileno(), descriptor, sent, size - sent)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=client, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def timed(command, **options):
    def processor():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    start, used = time.monotonic(), processor()
    result = subprocess.run(command, capture_output=True, text=True, **options)
    elapsed, used = time.monotonic() - start, processor() - used
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}\n"
                 f"{result.stdout}{result.stderr}")
    return elapsed, used


def check(source, found):
    """The same names with the same sizes; bytes of the first and last."""
    names = sorted(path.name for path in source.iterdir())
    if sorted(found) != names:
        sys.exit(f"{len(found)} of {len(names)} files arrived")
    for name in names:
        if found[name].stat().st_size != (source / name).stat().st_size:
            sys.exit(f"{name} has another size")
    for name in (names[0], names[-1]):
        if found[name].read_bytes() != (source / name).read_bytes():
            sys.exit(f"{name} differs")


def measure(binary, folder, count, size, repeat):
    source = folder / "source"
    source.mkdir()
    block = os.urandom(1 << 20)
    for number in range(count):
        with open(source / f"shard_{number:05}.bin", "wb") as file:
            left = size
            while left > 0:
                file.write(block[:left])
                left -= len(block)
    port = serve(source)
    pipeline = (
        "nanobuild: 1\nname: bench\nprofile: only\nprofiles: {only: {}}\nassets:\n  files:\n"
        f"    step: data.fetch\n    partitions: {{shard: 00000..{count - 1:05}}}\n"
        f"    with: {{url: 'http://127.0.0.1:{port}/shard_{{shard}}.bin', parallel: 16}}\n")
    names = [path.name for path in sorted(source.iterdir())]
    best = {"curl": [float("inf")] * 2, "nanobuild": [float("inf")] * 2}
    # A fresh folder each time and nothing deleted in between: ext4 is slow to make files for five
    # seconds after it removed many.
    for number in range(repeat):
        project, target = folder / f"project{number}", folder / f"curl{number}"
        project.mkdir()
        target.mkdir()
        (project / "pipeline.yaml").write_text(pipeline)
        (folder / "curl.txt").write_text("".join(
            f'url = "http://127.0.0.1:{port}/{name}"\noutput = "{target}/{name}"\n'
            for name in names))
        best["curl"] = list(map(min, best["curl"], timed(
            ["curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", "16",
             "--config", folder / "curl.txt"])))
        check(source, {path.name: path for path in target.iterdir()})
        best["nanobuild"] = list(map(min, best["nanobuild"], timed([binary, "run"], cwd=project)))
        check(source, {path.name: path for path in (project / "cache" / "results").rglob("*.bin")})
    total = count * size
    (curl, curl_cpu), (ours, our_cpu) = best["curl"], best["nanobuild"]
    print(f"{count} files of {size:,} bytes: curl {curl:.2f} s ({total / curl / 1e6:,.0f} MB/s), "
          f"nanobuild {ours:.2f} s ({total / ours / 1e6:,.0f} MB/s), ratio {curl / ours:.2f}; "
          f"processor time {curl_cpu:.2f} s and {our_cpu:.2f} s, ratio {curl_cpu / our_cpu:.2f}",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?", default=".build/release/nanobuild")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    binary = pathlib.Path(arguments.binary).resolve()
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # not to measure a disk
    for count, size in [(64, 8 << 20), (1823, 32 << 10)]:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bench_transfer.", dir=place))
        try:
            measure(binary, folder, count, size, arguments.repeat)
        finally:
            subprocess.run(["chmod", "-R", "u+w", folder])
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
