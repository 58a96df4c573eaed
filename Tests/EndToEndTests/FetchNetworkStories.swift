import Glibc
import Synchronization
import TestSupport
import Testing

/// Secrets, certificates and proxies, through the real program.
@Suite struct FetchNetworkStories {
  private static func pipeline(_ url: String, _ parameters: String = "") -> String {
    """
    nanobuild: 1
    assets:
      words:
        step: data.fetch
        with: {url: "\(url)", retry_delay: 5ms, retries: 1\(parameters)}
    """
  }

  // MARK: Secrets

  private static let secret = "hf_AbSoLuTeLySecret"

  @Test func aTokenIsSentAndKeptNowhere() throws {
    let isOpen = Mutex(false)
    let storage = try LoopbackServer { .file(Array("words".utf8), for: $0) }
    let hub = try LoopbackServer { request in
      guard request.headers["authorization"] == "Bearer \(Self.secret)" else {
        return .init(401, "who are you")
      }
      if isOpen.withLock({ $0 }) {
        return .init(302, "").with("Location", "\(storage.url)/words.txt")
      }
      return .init(body: [1, 2, 3]).delivered { $0.stallAfter = 1 }
    }
    let project = try TestProject(
      Self.pipeline(hub.url + "/words.txt", ", token: \"${env:SHARD_TOKEN}\""))
    let refused = try project.run("run")
    #expect(refused.status != 0 && refused.error.contains("SHARD_TOKEN"), "\(refused.error)")

    project.environment["SHARD_TOKEN"] = "wrong"
    let wrong = try project.run("run")
    #expect(wrong.status == 1 && wrong.error.contains("401 Unauthorized: who are you"))

    project.environment["SHARD_TOKEN"] = Self.secret
    let killed = try project.start("run")
    try eventually("the request arrives") { !hub.requests(for: "/words.txt").isEmpty }
    usleep(100_000)
    try expectNoSecret(in: project.file("cache"))
    killed.signal(SIGKILL)
    _ = try killed.wait()

    isOpen.withLock { $0 = true }
    let end = try project.run("run", "--json")
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("words", "words.txt") == "words")
    #expect(storage.requests.allSatisfy { $0.headers["authorization"] == nil })
    try expectNoSecret(in: project.file("cache"))
    var said = end.output + end.error
    for command in [
      ["show", "words"], ["explain", "words"], ["log", "words"], ["status", "--json"],
    ] {
      let result = try project.run(arguments: command)
      said += result.output + result.error
    }
    #expect(!said.contains(Self.secret))
    // Another token makes nothing stale.
    project.environment["SHARD_TOKEN"] = "another"
    #expect(try project.run("status", "--check").status == 0)
  }

  @Test func aPointerThatIsInsistedOnIsPartOfTheKey() throws {
    let server = try LoopbackServer { .file(Array("words".utf8), for: $0) }
    let project = try TestProject(Self.pipeline(server.url + "/words.txt"))
    #expect(try project.run("run").status == 0)
    #expect(try project.run("status", "--check", "--set", "words.lfs_pointer=false").status == 0)
    let insisting = try project.run("run", "--set", "words.lfs_pointer=true")
    #expect(insisting.status == 1 && insisting.error.contains("is not a Git-LFS pointer"))
    #expect(try project.run("status", "--check").status == 0)
  }

  @Test func headersAreFilledInFromTheEnvironmentAndKeptNowhere() throws {
    let isOpen = Mutex(false)
    let server = try LoopbackServer { request in
      let key = request.headers["x-key"] ?? "none"
      guard isOpen.withLock({ $0 }) else { return .init(403, "not with \(key)") }
      return .file(Array((key == Self.secret ? "words" : key).utf8), for: request)
    }
    let project = try TestProject(
      Self.pipeline(server.url + "/words.txt", ", headers: {X-Key: \"${env:SHARD_KEY}\"}"))
    let unset = try project.run("run")
    #expect(unset.status != 0)
    #expect(
      unset.error.contains(
        "parameter `headers.X-Key` needs the environment variable `SHARD_KEY`, which is not set"),
      "\(unset.error)")

    project.environment["SHARD_KEY"] = Self.secret
    let refused = try project.run("run", "--json")
    #expect(refused.status == 1)
    var said = refused.output + refused.error
    isOpen.withLock { $0 = true }
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(try project.result("words", "words.txt") == "words")
    try expectNoSecret(in: project.file("cache"))
    for command in [["show", "words"], ["log", "words"], ["history"], ["status", "--json"]] {
      let result = try project.run(arguments: command)
      said += result.output + result.error
    }
    #expect(said.contains("answered 403 Forbidden"), "\(said)")
    #expect(!said.contains(Self.secret))
    project.environment["SHARD_KEY"] = "another"
    #expect(try project.run("status", "--check").status == 0)
  }

  @Test func noPieceOfASecretIsToldOrKept() throws {
    let server = try LoopbackServer { request in
      // What a server says of a cookie is seldom the whole of it.
      let cookie = request.headers["cookie"]?.split(separator: "=").last ?? ""
      return .init(403, "\(cookie) may not, with \(request.headers["x-key"] ?? "")")
    }
    let project = try TestProject(
      Self.pipeline(
        server.url + "/words.txt",
        ", headers: {X-Key: \"${env:SHARD_KEY}\", Cookie: \"${env:SHARD_COOKIE}\"}"))
    let secrets = ["Kq7!x", "0123abcdefgh"]
    project.environment["SHARD_KEY"] = secrets[0]
    project.environment["SHARD_COOKIE"] = "session=" + secrets[1]
    var said = ""
    for command in [
      ["run", "--json"], ["run"], ["log", "words"], ["history"], ["status", "--json"],
    ] {
      let result = try project.run(arguments: command)
      said += result.output + result.error
    }
    #expect(said.contains("answered 403 Forbidden"), "\(said)")
    for secret in secrets {
      #expect(!said.contains(secret))
      try expectNo(secret, in: project.file("cache"))
    }
  }

  @Test func thePasswordOfAProxyIsNotTold() throws {
    let project = try TestProject(Self.pipeline("http://far-away.invalid/words.txt"))
    for proxy in ["http://me:hunter22@host:99999999/", "me:hunter22@host:99999999"] {
      project.environment["http_proxy"] = proxy
      let end = try project.run("run")
      #expect(end.status == 1)
      #expect(end.error.contains("can't reach http://far-away.invalid/words.txt"), "\(end.error)")
      #expect(!(end.output + end.error).contains("hunter22"), "\(end.error)")
      try expectNo("hunter22", in: project.file("cache"))
    }
  }

  @Test func aSecretInTheFileItselfOutlivesNoKill() throws {
    let server = try LoopbackServer { _ in
      .init(body: [1, 2, 3]).delivered { $0.stallAfter = 1 }
    }
    let project = try TestProject(
      Self.pipeline(server.url + "/words.txt", ", token: \"\(Self.secret)\""))
    let killed = try project.start("run")
    try eventually("the request arrives") { !server.requests.isEmpty }
    try expectNoSecret(in: project.file("cache"))
    killed.signal(SIGKILL)
    _ = try killed.wait()
    try expectNoSecret(in: project.file("cache"))
    #expect(server.requests.first?.headers["authorization"] == "Bearer \(Self.secret)")
  }

  private func expectNoSecret(in path: String) throws { try expectNo(Self.secret, in: path) }

  private func expectNo(_ secret: String, in path: String) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      for name in try TemporaryFolder.list(at: path) { try expectNo(secret, in: "\(path)/\(name)") }
    case S_IFREG:
      let bytes = (try? TemporaryFolder.read(at: path)) ?? []
      if bytes.firstRange(of: Array(secret.utf8)) != nil {
        Issue.record("`\(secret)` is in \(path)")
      }
    default: break
    }
  }

  // MARK: Other hosts

  @Test func theHubsStandInAndTheProxyAreTakenFromTheEnvironment() throws {
    let hub = try LoopbackServer { .init(body: Array($0.target.utf8)) }
    let project = try TestProject(
      Self.pipeline("https://huggingface.co/datasets/a/raw/main/words.txt"))
    project.environment["HF_ENDPOINT"] = hub.url
    #expect(try project.run("run").status == 0)
    #expect(try project.result("words", "words.txt") == "/datasets/a/raw/main/words.txt")

    // What a list of the hub's names is asked of the stand-in too, which then sees the token.
    let listed = try TestProject(
      Self.pipeline(
        "https://huggingface.co/api/list", ", listing: true, token: \"${env:SHARD_TOKEN}\""))
    let standIn = try LoopbackServer {
      .init(
        body: Array(
          ($0.path == "/api/list" ? "[\"https://huggingface.co/a/0.txt\"]" : $0.target).utf8))
    }
    listed.environment["HF_ENDPOINT"] = standIn.url
    listed.environment["SHARD_TOKEN"] = Self.secret
    let end = try listed.run("run")
    #expect(end.status == 0, "\(end.error)")
    #expect(try listed.result("words", "00000.txt") == "/a/0.txt")
    #expect(
      standIn.requests.map { $0.headers["authorization"] }
        == Array(repeating: "Bearer \(Self.secret)", count: 2))

    let other = try TestProject(Self.pipeline("http://far-away.invalid/words.txt"))
    other.environment["http_proxy"] = hub.url
    #expect(try other.run("run").status == 0)
    #expect(try other.result("words", "words.txt") == "http://far-away.invalid/words.txt")
    other.environment["no_proxy"] = "far-away.invalid"
    try other.write("pipeline.yaml", Self.pipeline("http://far-away.invalid/b.txt"))
    let unreachable = try other.run("run")
    #expect(
      unreachable.status == 1
        && unreachable.error.contains("can't reach http://far-away.invalid/b.txt"))
  }

  @Test func aNetrcFileIsNotRead() throws {
    let server = try LoopbackServer {
      .init(body: Array(($0.headers["authorization"] ?? "-").utf8))
    }
    let project = try TestProject(Self.pipeline(server.url + "/words.txt"))
    // The test's HOME is the project's folder.
    try project.write(
      ".netrc", "machine 127.0.0.1 login me password secret\ndefault login a password b\n")
    #expect(try project.run("run").status == 0)
    #expect(try project.result("words", "words.txt") == "-")
  }

  // MARK: Certificates

  private static let openssl = "/usr/bin/openssl"
  private static let nghttpd = "/usr/sbin/nghttpd"
  private static let environment = ["PATH": "/usr/bin:/bin", "HOME": "/"]

  /// `certificate.pem` and `key.pem` of a server on this machine that nobody knows.
  private func makeCertificate(in folder: TemporaryFolder) throws {
    let made = try RunningProgram(
      Self.openssl,
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out",
        "certificate.pem",
      ], folder: folder.path, environment: Self.environment
    ).wait()
    #expect(made.status == 0, "\(made.error)")
  }

  @Test(
    .enabled(
      if: access(openssl, X_OK) == 0 && access(nghttpd, X_OK) == 0, "nghttpd is not installed"))
  func manyFilesShareHTTP2Connections() throws {
    let folder = try TemporaryFolder()
    try makeCertificate(in: folder)
    for number in 0..<60 {
      try folder.write(
        "files/\(number)", bytes: NumberedBytes.make(number * 1000, seed: UInt64(number)))
    }
    // A port that was free a moment ago.
    let port = try LoopbackServer { _ in .init() }.port
    let server = try RunningProgram(
      Self.nghttpd,
      [
        "-v", "-a", "127.0.0.1", "-d", folder.file("files"), "\(port)", "key.pem",
        "certificate.pem",
      ], folder: folder.path, environment: Self.environment)
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        files:
          step: data.fetch
          partitions: {n: 0..59}
          with:
            {url: "https://127.0.0.1:\(port)/{n}", parallel: 8, ca_file: certificate.pem, retry_delay: 50ms}
      """)
    try project.write("certificate.pem", bytes: try folder.read("certificate.pem"))
    let end = try project.run("run")
    #expect(end.status == 0, "\(end.error)")
    for number in 0..<60 {
      #expect(
        try project.bytes("cache/current/default/files/\(number)/\(number)")
          == folder.read("files/\(number)"))
    }
    #expect(server.outputSoFar.contains("recv HEADERS frame"), "HTTP/2 was not spoken")
    server.signal(SIGTERM)
  }

  @Test(.enabled(if: access(openssl, X_OK) == 0, "openssl is not installed"))
  func aServerMustProveWhoItIs() throws {
    let folder = try TemporaryFolder()
    try folder.write("words.txt", "words")
    try makeCertificate(in: folder)
    let server = try RunningProgram(
      Self.openssl,
      [
        "s_server", "-WWW", "-accept", "127.0.0.1:0", "-key", "key.pem", "-cert",
        "certificate.pem",
      ], folder: folder.path, environment: Self.environment)
    try eventually("the server says its port") { server.outputSoFar.contains("ACCEPT 127") }
    let port = try #require(
      server.outputSoFar.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }?
        .split(separator: ":").last)
    let url = "https://127.0.0.1:\(port)/words.txt"

    let project = try TestProject(Self.pipeline(url))
    let end = try project.run("run")
    #expect(end.status == 1)
    #expect(end.error.contains("can't trust \(url): "), "\(end.error)")
    #expect(end.error.contains("help: if the server's authority is your own"), "\(end.error)")

    project.environment["SSL_CERT_FILE"] = folder.file("certificate.pem")
    let trusted = try project.run("run")
    #expect(trusted.status == 0, "\(trusted.error)")
    #expect(try project.result("words", "words.txt") == "words")

    let other = try TestProject(Self.pipeline(url, ", ca_file: certificate.pem"))
    try other.write("certificate.pem", bytes: try folder.read("certificate.pem"))
    #expect(try other.run("run").status == 0)

    server.signal(SIGTERM)
  }
}
