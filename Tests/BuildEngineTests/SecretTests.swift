import BuildEngine
import JSON
import Testing

/// Variables in the place of parameters, looked up in the worker.
@Suite struct SecretTests {
  private struct Silent: StepReporter {
    var isCancelled: Bool { false }
    func progress(_ progress: StepProgress) {}
    func metric(_ name: String, _ value: JSONValue) {}
    func measurement(_ name: String, _ value: JSONValue) {}
    func sample(step: Int, _ values: [String: Double]) {}
    func log(_ line: String) {}
    func partitionDone(_ value: String, _ output: WrittenOutput) {}
    func written(_ output: WrittenOutput) {}
    func partitionFailed(_ value: String, _ message: String) {}
  }

  private func parameters(
    _ parameters: [String: JSONValue], secret: [String], _ environment: [String: String]
  ) throws -> [String: JSONValue] {
    let request = try #require(
      WorkerRequest(json: [
        "format": 1, "kind": "step", "name": "data.fetch", "asset": "text",
        "parameters": .object(parameters), "secretParameters": .array(secret.map { .string($0) }),
        "output": "/o", "projectRoot": "/p", "threads": 1, "environment": [], "result": "",
        "otherResults": [:], "inputs": [:], "partitions": [],
      ]))
    #expect(request.json["parameters"] == .object(parameters))
    return try request.stepContext(reporter: Silent(), environment: environment).parameters
  }

  @Test func variablesAreFoundInMappingsAndLists() throws {
    let given: [String: JSONValue] = [
      "token": "${env:A}", "headers": ["X": "${env:B}", "Y": "clear", "Z": ["${env:A}", 1]],
      "url": "${env:A}",
    ]
    let found = try parameters(given, secret: ["token", "headers", "other"], ["A": "1", "B": "2"])
    #expect(
      found == [
        "token": "1", "headers": ["X": "2", "Y": "clear", "Z": ["1", 1]], "url": "${env:A}",
      ])
  }

  @Test(
    arguments: [
      (["token": "${env:NO}"], "token"), (["headers": ["X": "${env:NO}"]], "headers.X"),
      (["headers": ["X": ["a", "${env:NO}"]]], "headers.X[1]"),
    ] as [([String: JSONValue], String)])
  func aMissingVariableIsNamedWithItsPlace(given: [String: JSONValue], place: String) throws {
    let error = #expect(throws: BuildError.self) {
      try parameters(given, secret: ["token", "headers"], ["YES": "1"])
    }
    #expect(
      error?.message
        == "parameter `\(place)` needs the environment variable `NO`, which is not set")
  }

  @Test func whatIsNoNameIsNoReference() throws {
    let given: [String: JSONValue] = ["token": "${env:A-B}"]
    #expect(try parameters(given, secret: ["token"], ["A-B": "1"]) == given)
  }
}
