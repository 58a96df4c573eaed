import JSON
import PipelineFile
import Testing

@Suite struct JSONSchemaTests {
  private let schema = PipelineJSONSchema.make(TestCatalog.catalog)

  @Test func everyStepHasItsOwnParameters() {
    let definitions = schema["definitions"]
    for step in TestCatalog.catalog.steps {
      let properties = definitions?["with:\(step.name)"]?["properties"]?.objectValue ?? [:]
      #expect(properties.keys.sorted() == step.parameters.map(\.name).sorted())
    }
    #expect(definitions?["asset"]?["allOf"]?.arrayValue?.count == TestCatalog.catalog.steps.count)
    #expect(definitions?["with:train.base"]?["additionalProperties"] == false)
  }

  @Test func everyReferenceHasADefinition() throws {
    for document in PipelineJSONSchema.Document.allCases {
      let schema = PipelineJSONSchema.make(TestCatalog.catalog, for: document)
      let definitions = try #require(schema["definitions"]?.objectValue)
      var references: [String] = []
      collect(schema, &references)
      #expect(!references.isEmpty)
      for reference in references {
        #expect(definitions[String(reference.dropFirst("#/definitions/".count))] != nil)
      }
    }
  }

  @Test func parametersCarryRangesDefaultsAndSummaries() {
    let depth = schema["definitions"]?["with:train.base"]?["properties"]?["depth"]
    #expect(depth?["default"] == 4)
    #expect(depth?["description"] == "Layers")
    let range = depth?["anyOf"]?.arrayValue?.first?["anyOf"]?.arrayValue?.first
    #expect(range == ["type": "integer", "minimum": 1, "maximum": 64])
  }

  @Test func secretsHaveNoDefaultInTheSchema() {
    let token = schema["definitions"]?["with:data.fetch"]?["properties"]?["token"]
    #expect(token?["default"] == nil)
    #expect(token != nil)
  }

  private func collect(_ value: JSONValue, _ references: inout [String]) {
    if let reference = value["$ref"]?.stringValue { references.append(reference) }
    for member in value.objectValue?.values.map({ $0 }) ?? value.arrayValue ?? [] {
      collect(member, &references)
    }
  }
}
