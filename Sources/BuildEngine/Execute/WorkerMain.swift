import CSystem
import JSON
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The worker's side: does what a request file says and reports over a pipe.
package enum WorkerMain {
  /// The descriptor events go to.
  package static let eventDescriptor: Int32 = 3

  /// Exit status of a worker that stopped because it was asked to.
  package static let interruptedStatus: Int32 = 130

  /// Runs one request and gives the exit status: 0 done, 1 failed (told as an event), 130 stopped.
  package static func run(
    requestPath: String, environment: [String: String],
    steps: (String) -> (any Step)?, checks: (String) -> (any Check)?
  ) -> Int32 {
    nb_termination_flag_install()
    nb_set_close_on_exec(eventDescriptor, 1)
    let lock = Mutex(())
    let send: @Sendable ([WorkerEvent]) -> Void = { events in
      var lines = ""
      for event in events { event.writeLine(into: &lines) }
      lock.withLock { _ in _ = Disk.writeAll(Array(lines.utf8), to: eventDescriptor) }
    }
    let reporter = WorkerReporter(
      cancelled: { nb_termination_flag() != 0 }, send: send,
      log: { line in
        lock.withLock { _ in _ = Disk.writeAll(Array((line + "\n").utf8), to: 1) }
      })
    do throws(BuildError) {
      let request = try read(requestPath)
      return perform(
        request, reporter: reporter, send: send, environment: environment, steps: steps,
        checks: checks)
    } catch {
      send([.failed(message: error.message, help: error.help, partitions: [])])
      return 1
    }
  }

  private static func read(_ path: String) throws(BuildError) -> WorkerRequest {
    let bytes = try Disk.read(path)
    let json: JSONValue
    do throws(JSONError) { json = try JSONParser.parse(bytes) } catch {
      throw .unreadableRequest(path: path, message: error.description)
    }
    guard let request = WorkerRequest(json: json) else {
      throw .unreadableRequest(path: path, message: "a member is missing or of the wrong type")
    }
    // A secret that stands in clear in the pipeline file stands here too, and would outlive a kill.
    if request.secretParameters.contains(where: { request.parameters[$0] != nil }) {
      try Disk.removeFile(path)
    }
    return request
  }

  /// Runs the step or check of `request` here; shared with the launcher that starts no process.
  static func perform(
    _ request: WorkerRequest, reporter: WorkerReporter, send: @Sendable ([WorkerEvent]) -> Void,
    environment: [String: String], steps: (String) -> (any Step)?, checks: (String) -> (any Check)?
  ) -> Int32 {
    do {
      switch request.kind {
      case .step:
        guard let step = steps(request.name) else { throw BuildError.unknownStep(request.name) }
        try step.run(try request.stepContext(reporter: reporter, environment: environment))
      case .check:
        guard let check = checks(request.name) else { throw BuildError.unknownCheck(request.name) }
        send([.verdict(try check.run(request.checkContext))])
      }
      reporter.finish()
      return 0
    } catch is StepInterrupted {
      reporter.finish()
      return interruptedStatus
    } catch let failure as StepFailure {
      reporter.finish()
      send([
        .failed(
          message: failure.message, help: failure.help, partitions: failure.failedPartitions)
      ])
      return 1
    } catch let error as BuildError {
      reporter.finish()
      send([.failed(message: error.message, help: error.help, partitions: [])])
      return 1
    } catch {
      reporter.finish()
      send([.failed(message: String(describing: error), help: nil, partitions: [])])
      return 1
    }
  }
}
