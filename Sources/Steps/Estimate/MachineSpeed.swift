import BuildEngine
import Glibc
import JSON
import Kernels

/// What this machine can do, measured once and kept in the cache.
package struct MachineSpeed: Sendable, Hashable {
  package var processor: String
  package var cores: Int
  /// 10⁹ operations a second of a large single-precision product on all cores.
  package var gigaflops: Double

  package init(processor: String, cores: Int, gigaflops: Double) {
    self.processor = processor
    self.cores = cores
    self.gigaflops = gigaflops
  }

  /// What training reaches of the measured product, with everything that is no product.
  package static let trainingShare = 0.7

  package static let fileName = "machine.json"

  /// From `machine.json` in the cache when it was measured on this processor within the hour; else
  /// measured, which takes half a second. The best is kept: other work can only slow a measurement.
  package static func find(cacheRoot: String, cores: Int) throws -> MachineSpeed {
    let processor = MachineDescription.processor ?? "unknown"
    let path = cacheRoot + "/" + fileName
    var best = 0.0
    if let bytes = try? ResultFiles.optionalBytes(path), let (kept, time) = parse(bytes),
      kept.processor == processor, kept.cores == cores
    {
      let age = now - time
      if age >= 0, age < 3600 { return kept }
      best = kept.gigaflops
    }
    _ = try BLAS.load()
    let measured = try BLAS.measuredPeak(pool: try ThreadPool(threads: cores))
    let speed = MachineSpeed(
      processor: processor, cores: cores, gigaflops: max(best, measured))
    speed.keep(path)
    return speed
  }

  private static var now: Double { Double(time(nil)) }

  private static func parse(_ bytes: [UInt8]) -> (MachineSpeed, time: Double)? {
    guard let json = try? JSONParser.parse(bytes), json["version"]?.intValue == 1,
      let processor = json["processor"]?.stringValue, let cores = json["cores"]?.intValue,
      let gigaflops = json["gigaflops"]?.doubleValue, gigaflops > 0
    else { return nil }
    return (
      MachineSpeed(processor: processor, cores: cores, gigaflops: gigaflops),
      json["measured"]?.doubleValue ?? 0
    )
  }

  /// Nothing is lost but a second when the cache can't be written.
  private func keep(_ path: String) {
    let json: JSONValue = [
      "version": 1, "processor": .string(processor), "cores": .int(cores),
      "gigaflops": .double(gigaflops), "measured": .double(Self.now),
    ]
    let draft = "\(path).\(getpid())"
    guard (try? ResultFiles.write(JSONWriter.bytes(json, pretty: true), to: draft)) != nil else {
      unlink(draft)
      return
    }
    if rename(draft, path) != 0 { unlink(draft) }
  }
}
