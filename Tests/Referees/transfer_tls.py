#!/usr/bin/env python3
"""Fetches files over HTTPS with `data.fetch`: HTTP/1.1 from Python's server, HTTP/2 from nghttpd.

    Tests/Referees/transfer_tls.py [path of nanobuild]

Makes a certificate that nobody knows, checks that it is refused and that naming it is enough, that
every byte of 300 small and 4 large files arrives over either protocol, and that HTTP/2 was spoken.
Needs openssl, and nghttpd (Debian: nghttp2-server) for the second half.
"""
import functools
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release/nanobuild").resolve())
COUNT = 304


def certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", folder / "key.pem",
         "-out", folder / "certificate.pem"], check=True, capture_output=True)


def serve_http1(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder / "files"))
    server.daemon_threads = True
    server.handle_error = lambda *arguments: None  # the handshakes that are refused on purpose
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def serve_http2(folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = open(folder / "nghttpd.log", "w")
    process = subprocess.Popen(
        ["nghttpd", "-v", "-a", "127.0.0.1", "-d", folder / "files", str(port), folder / "key.pem",
         folder / "certificate.pem"], stdout=log, stderr=log)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return port, process
        except OSError:
            time.sleep(0.05)
    sys.exit("nghttpd does not listen")


def fetch(folder, name, port):
    project = folder / name
    project.mkdir()
    (project / "pipeline.yaml").write_text(
        "nanobuild: 1\nassets:\n  files:\n    step: data.fetch\n"
        f"    partitions: {{n: 0..{COUNT - 1}}}\n"
        f"    with: {{url: 'https://127.0.0.1:{port}/{{n}}', retry_delay: 10ms, retries: 1}}\n")
    clean = {key: value for key, value in os.environ.items() if "CERT" not in key and "CA_BUNDLE" not in key}
    refused = subprocess.run([BINARY, "run"], cwd=project, env=clean, capture_output=True, text=True)
    assert refused.returncode == 1 and "can't trust" in refused.stderr, refused.stderr
    start = time.monotonic()
    done = subprocess.run([BINARY, "run"], cwd=project, capture_output=True, text=True,
                          env=clean | {"SSL_CERT_FILE": str(folder / "certificate.pem")})
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    for number in range(COUNT):
        found = (project / f"cache/current/default/files/{number}/{number}").read_bytes()
        assert found == (folder / f"files/{number}").read_bytes(), number
    print(f"{name}: a stranger's certificate is refused; {COUNT} files arrived byte by byte in {seconds:.1f} s")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="transfer_tls."))
    try:
        (folder / "files").mkdir()
        for number in range(COUNT):
            size = 20_000_000 if number >= COUNT - 4 else number * 37 % 60_000
            (folder / f"files/{number}").write_bytes(os.urandom(size))
        certificate(folder)
        fetch(folder, "http1", serve_http1(folder))
        if shutil.which("nghttpd") is None:
            print("http2: skipped, nghttpd is not installed (Debian: nghttp2-server)")
            return
        port, process = serve_http2(folder)
        try:
            fetch(folder, "http2", port)
        finally:
            process.terminate()
            process.wait()
        log = (folder / "nghttpd.log").read_text(errors="replace")
        streams = log.count("recv HEADERS frame")
        assert streams >= COUNT, f"{streams} HTTP/2 requests"
        print(f"http2: {streams} requests were HTTP/2 streams")
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder])
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
