#!/usr/bin/env python3
"""Compares `data.fetch` with `curl --parallel --parallel-max 16` on the same files over loopback.

    Scripts/bench_transfer.py [path of nanobuild] [--repeat 5] [--place FOLDER]

Works in memory (/dev/shm), not to measure a disk, or in --place. Five sets of files: 64 of 8 MiB, 1,823 of 256, 64 and 32 KiB, and 1,823 of the sizes of the test's
small shards (1 to 10 KB; `TransferSpeedStories` fetches those from the test's own server). Generates
them, serves them from a small threaded server of its own process (sendfile, keep-alive),
lets the tools fetch all of them in turn, and prints the best times and their ratio to curl's (above
1: faster than curl), and the same for processor time, which other work on the machine disturbs less.

Three rows a size: curl; `nanobuild run`, whose time includes its start, keys, publishing and hashing
of the results; and its fetching process alone, started with a request of its own, without an engine.
Then what the server itself used meanwhile, which is the machine's too. Needs nothing but Python's
standard library and curl.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def serve(folder):
    """Starts a server for the files in `folder` in a process of its own; gives port and process."""
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

    process = os.fork()
    if process == 0:
        accept()
    return listener.getsockname()[1], process


def processor_of(process):
    """Seconds of processor time a running process has used so far."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def fetch_request(folder, project, port, names):
    """What the engine would tell a fetching process, with a folder for each file."""
    request = {
        "format": 1, "kind": "step", "name": "data.fetch", "asset": "files", "inputs": {},
        "parameters": {"url": f"http://127.0.0.1:{port}/shard_{{shard}}.bin", "parallel": 16},
        "secretParameters": [], "output": str(project / "out"), "partitionKey": "shard",
        "partitions": [{"value": name[6:11], "output": str(project / name)} for name in names],
        "projectRoot": str(project), "threads": 2, "environment": [], "result": "",
        "otherResults": {}}
    path = folder / "request.json"
    path.write_text(json.dumps(request))
    return path


def remove(folder):
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def small_size(number):
    """Bytes of a small shard, as `FaultyShards` has them."""
    return 1000 + number * 7 % 9000


def measure(binary, folder, count, size, repeat, is_memory):
    """`size` is in bytes, or a function that gives it for a file's number."""
    source = folder / "source"
    source.mkdir()
    block = os.urandom(1 << 20)
    sizes = [size(number) if callable(size) else size for number in range(count)]
    for number, left in enumerate(sizes):
        with open(source / f"shard_{number:05}.bin", "wb") as file:
            while left > 0:
                file.write(block[:left])
                left -= len(block)
    port, server = serve(source)
    pipeline = (
        "nanobuild: 1\nname: bench\nprofile: only\nprofiles: {only: {}}\nassets:\n  files:\n"
        f"    step: data.fetch\n    partitions: {{shard: 00000..{count - 1:05}}}\n"
        f"    with: {{url: 'http://127.0.0.1:{port}/shard_{{shard}}.bin', parallel: 16}}\n")
    names = [path.name for path in sorted(source.iterdir())]
    best, served = {}, {}

    def take(name, command, found, **options):
        before = processor_of(server)
        times = timed(command, **options)
        check(source, {path.name: path for path in found()})
        best[name] = list(map(min, best.get(name, times), times))
        served[name] = served.get(name, 0) + (processor_of(server) - before) / repeat

    # A fresh folder each time. In memory it is removed at once, so that the next one gets pages that
    # a virtual machine's host need not find first; on a disk it stays, because ext4 is slow to make
    # files for five seconds after it removed many.
    try:
        for number in range(repeat):
            project, target, alone = (
                folder / f"{kind}{number}" for kind in ("project", "curl", "alone"))
            for made in (project, target, alone):
                made.mkdir()
            (project / "pipeline.yaml").write_text(pipeline)
            (folder / "curl.txt").write_text("".join(
                f'url = "http://127.0.0.1:{port}/{name}"\noutput = "{target}/{name}"\n'
                for name in names))
            take("curl",
                 ["curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max",
                  "16", "--config", folder / "curl.txt"], target.iterdir)
            take("nanobuild run", [binary, "run"],
                 lambda: (project / "cache" / "results").rglob("*.bin"), cwd=project)
            request = fetch_request(folder, alone, port, names)
            take("fetching alone",
                 ["sh", "-c", 'exec "$0" __worker "$1" 3> /dev/null', binary, request],
                 lambda: alone.glob("*/*.bin"))
            for made in (project, target, alone) if is_memory else ():
                remove(made)
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    print(f"{count} files of {min(sizes):,} to {max(sizes):,} bytes, best of {repeat}:"
          if callable(size) else f"{count} files of {size:,} bytes, best of {repeat}:")
    for name, (seconds, used) in best.items():
        print(f"  {name:14} {seconds:.3f} s ({sum(sizes) / seconds / 1e6:,.0f} MB/s), "
              f"ratio {best['curl'][0] / seconds:.2f}; processor time {used:.3f} s, "
              f"ratio {best['curl'][1] / used:.2f}; the server's {served[name]:.3f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?", default=".build/release/nanobuild")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--place", help="where to work, instead of in memory")
    arguments = parser.parse_args()
    binary = pathlib.Path(arguments.binary).resolve()
    is_memory = arguments.place is None and os.access("/dev/shm", os.W_OK)
    place = "/dev/shm" if is_memory else arguments.place
    for count, size in [(64, 8 << 20), (1823, 256 << 10), (1823, 64 << 10), (1823, 32 << 10),
                        (1823, small_size)]:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="bench_transfer.", dir=place))
        try:
            measure(binary, folder, count, size, arguments.repeat, is_memory)
        finally:
            remove(folder)


if __name__ == "__main__":
    main()
