import Diagnostics
import JSON

/// The engine's benchmark as lines and as JSON.
enum EngineBenchmarkText {
  static func lines(_ start: EngineBenchmark.Start) -> [String] {
    let empty = start.empty.map { ", a program that does nothing \(milliseconds($0))" } ?? ""
    return ["start     --version takes \(milliseconds(start.version))\(empty)"]
  }

  static func lines(_ graph: EngineBenchmark.Graph, color: Bool) -> [String] {
    var table = Table([.left, .right, .right, .right, .right, .right])
    table.add(
      [
        "  \(Format.grouped(graph.steps)) steps", "nothing to do", "", "peak memory", "",
        "first run",
      ]
      .map { Table.Cell($0, .faint) })
    func row(_ name: String, _ idle: EngineBenchmark.Idle, _ first: Double?) {
      let peer = graph.peer?.idle
      let isPeer = name == "ninja"
      table.add(
        "  " + name, milliseconds(idle.seconds),
        isPeer ? "" : ratio(idle.seconds, peer?.seconds),
        idle.peakBytes.map { Format.bytes($0) } ?? "",
        isPeer ? "" : ratio(idle.peakBytes.map(Double.init), peer?.peakBytes.map(Double.init)),
        first.map { Format.duration($0) } ?? "")
    }
    if let peer = graph.peer { row("ninja", peer.idle, peer.first) }
    row("run", graph.run, graph.first)
    row("status", graph.status, nil)
    return table.lines(color: color) + [
      "  status after touching pipeline.yaml: \(milliseconds(graph.touched)), after editing it: "
        + "\(milliseconds(graph.pipelineEdited)), after editing a source: "
        + milliseconds(graph.sourceEdited)
        + (graph.peer.map { "; ninja -n after that: \(milliseconds($0.sourceEdited))" } ?? "")
    ]
  }

  static func lines(_ hashing: EngineBenchmark.Hashing) -> [String] {
    func rate(_ seconds: Double) -> String {
      Format.bytes(Int(Double(hashing.bytes) / seconds)) + "/s"
    }
    var line =
      "hashing   \(rate(hashing.oneThread)) on 1 thread, \(rate(hashing.allThreads)) on "
      + "\(hashing.threads) (\(Format.fixed(hashing.oneThread / hashing.allThreads, 2))x)"
    if let peer = hashing.peer {
      line += "; xxhsum -H2 \(rate(peer)): \(Format.fixed(peer / hashing.oneThread, 2))x its rate"
    }
    return [line]
  }

  private static func milliseconds(_ seconds: Double) -> String {
    "\(Format.fixed(seconds * 1000, 2)) ms"
  }

  private static func ratio(_ own: Double?, _ peer: Double?) -> String {
    guard let own, let peer, peer > 0 else { return "" }
    return "\(Format.fixed(own / peer, 2))x"
  }

  // MARK: JSON

  static func json(
    _ start: EngineBenchmark.Start, _ graphs: [EngineBenchmark.Graph],
    _ hashing: EngineBenchmark.Hashing
  ) -> JSONValue {
    var own: [String: JSONValue] = [
      "bytes": .int(hashing.bytes), "files": .int(hashing.files),
      "one_thread_seconds": .double(hashing.oneThread),
      "all_threads_seconds": .double(hashing.allThreads), "threads": .int(hashing.threads),
    ]
    own["xxhsum_seconds"] = hashing.peer.map { .double($0) }
    own["rate_ratio_to_xxhsum"] = hashing.peer.map { .double($0 / hashing.oneThread) }
    var begin: [String: JSONValue] = ["version_seconds": .double(start.version)]
    begin["empty_program_seconds"] = start.empty.map { .double($0) }
    return [
      "version": 1, "start": .object(begin), "graphs": .array(graphs.map(json)),
      "hashing": .object(own),
    ]
  }

  private static func json(_ graph: EngineBenchmark.Graph) -> JSONValue {
    var members: [String: JSONValue] = [
      "steps": .int(graph.steps), "first_seconds": .double(graph.first),
      "run": idle(graph.run, graph.peer?.idle), "status": idle(graph.status, graph.peer?.idle),
      "status_after_touch_seconds": .double(graph.touched),
      "status_after_pipeline_edit_seconds": .double(graph.pipelineEdited),
      "status_after_source_edit_seconds": .double(graph.sourceEdited),
    ]
    if let peer = graph.peer {
      members["ninja"] = idle(peer.idle, nil)
      members["ninja_first_seconds"] = .double(peer.first)
      members["ninja_source_edited_seconds"] = .double(peer.sourceEdited)
    }
    return .object(members)
  }

  private static func idle(
    _ own: EngineBenchmark.Idle, _ peer: EngineBenchmark.Idle?
  ) -> JSONValue {
    var members: [String: JSONValue] = ["seconds": .double(own.seconds)]
    members["peak_bytes"] = own.peakBytes.map { .int($0) }
    if let peer {
      members["time_ratio_to_ninja"] = .double(own.seconds / peer.seconds)
      if let mine = own.peakBytes, let theirs = peer.peakBytes, theirs > 0 {
        members["memory_ratio_to_ninja"] = .double(Double(mine) / Double(theirs))
      }
    }
    return .object(members)
  }
}
