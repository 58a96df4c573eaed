import Glibc
import JSON
import TestSupport
import Testing

/// The small shards of `FaultyShards`, all served well, against `curl --parallel`: printed, and
/// expected to be no slower, where `NANOBUILD_BENCH_TRANSFER` is set. Runs in the folder that TMPDIR
/// names: give one in memory, so that no disk is measured.
@Suite(.serialized, .enabled(if: getenv("NANOBUILD_BENCH_TRANSFER") != nil))
struct TransferSpeedStories {
  private static let rounds = 7
  private static let count = FaultyShards.count

  /// What is timed, in turns.
  private enum Tool: String, CaseIterable {
    case curl
    /// The process that runs `data.fetch`, from its start to its end, as the engine starts it.
    case fetch = "data.fetch"
    /// The whole command: plan, fetch, publish and record 1,823 results.
    case run = "nanobuild run"
  }

  @Test func smallShardsComeAsFastAsByCurl() throws {
    let shards = (0..<Self.count).map { FaultyShards.content("/\($0)") }
    let server = try LoopbackServer { request in
      Int(request.path.dropFirst()).map { .file(shards[$0], for: request) } ?? .init(404, "no such")
    }
    var best: [Tool: Double] = [:]
    for _ in 0..<Self.rounds {
      for tool in Tool.allCases {
        let seconds = try time(tool, server)
        best[tool] = min(best[tool] ?? .infinity, seconds)
      }
    }
    let curl = try #require(best[.curl])
    for tool in Tool.allCases {
      let seconds = try #require(best[tool])
      print("\(tool.rawValue): \(seconds) s, ratio \((curl / seconds * 100).rounded() / 100)")
    }
    #expect(try #require(best[.fetch]) <= curl)
  }

  /// Seconds; every shard must have arrived whole.
  private func time(_ tool: Tool, _ server: LoopbackServer) throws -> Double {
    let project = try TestProject(
      """
      nanobuild: 1
      assets:
        text:
          step: data.fetch
          partitions: {shard: 0..\(Self.count - 1)}
          with: {url: "\(server.url)/{shard}", parallel: 16}
      """)
    let arguments: [String]
    let place: (Int) -> String
    switch tool {
    case .curl:
      try project.write(
        "list",
        (0..<Self.count).map { "url = \"\(server.url)/\($0)\"\noutput = \"\($0)\"\n" }.joined())
      arguments = [
        "curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", "16",
        "--config", "list",
      ]
      place = { "\($0)" }
    case .run:
      arguments = [TestProject.program, "run"]
      place = { "cache/current/default/text/\($0)/\($0)" }
    case .fetch:
      try project.write("request", JSONWriter.text(request(server, project)))
      arguments = [
        "sh", "-c", "exec \"$0\" __worker request 3> /dev/null", TestProject.program,
      ]
      place = { "out/\($0)/\($0)" }
      try project.folder.makeFolder("out")
    }
    let end = try RunningProgram(
      "/bin/bash", ["-c", "TIMEFORMAT=%3R; time \"$@\"", "-"] + arguments, folder: project.path,
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": project.path]
    ).wait()
    try #require(end.status == 0, "\(end.error)")
    for number in 0..<Self.count
    where try project.bytes(place(number)).count != 1000 + number * 7 % 9000 {
      Issue.record("\(tool.rawValue): \(number) did not arrive whole")
    }
    return try #require(end.error.split(separator: "\n").last.flatMap { Double($0) })
  }

  /// What the engine would ask of its worker.
  private func request(_ server: LoopbackServer, _ project: TestProject) -> JSONValue {
    [
      "format": 1, "kind": "step", "name": "data.fetch", "asset": "text", "inputs": [:],
      "parameters": ["url": .string("\(server.url)/{shard}"), "parallel": 16],
      "secretParameters": [], "output": .string(project.file("out")), "partitionKey": "shard",
      "partitions": .array(
        (0..<Self.count).map {
          ["value": .string("\($0)"), "output": .string(project.file("out/\($0)"))]
        }), "projectRoot": .string(project.path), "threads": 2, "environment": [], "result": "",
      "otherResults": [:],
    ]
  }
}
