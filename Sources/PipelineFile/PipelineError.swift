import Diagnostics

/// What can be wrong with a pipeline file, apart from its YAML.
enum PipelineError: Error, Sendable, Hashable {
  // MARK: Files
  case unreadable(path: String, reason: String)
  case profileFileIsPipeline

  // MARK: Shape
  case wrongType(name: String, expected: String, found: String, help: String?)
  case unknownKey(String, of: String, nearest: String?, known: [String])
  case missingKey(String, of: String, help: String)
  case badVersion(found: String)
  case badName(kind: String, name: String, rule: String)
  case twoAssets(name: String)
  case equalNames(kind: String, name: String)

  // MARK: Profiles and overrides
  case unknownProfile(String, nearest: String?, known: [String])
  case assetOnlyInProfile(String, nearest: String?)
  case notForProfiles(key: String)
  case unknownTarget(String, nearest: String?)
  case malformedOverride
  case overrideNamesNoAsset(String, nearest: String?)
  case overrideNamesNoParameter(asset: String)
  case overrideTooDeep(parameter: String, key: String)

  // MARK: Steps and parameters
  case unknownStep(String, nearest: String?)
  case unknownParameter(String, of: String, nearest: String?, known: [String])
  /// `place` says where it would stand: "under `with`".
  case missingParameter(String, of: String, expected: String, place: String)
  case secretElsewhere(parameter: String)
  case badSecretReference(parameter: String)
  case secretInClear(parameter: String)
  case badVariableName(String)
  /// What the step itself found.
  case stepFault(String, help: String?)

  // MARK: Inputs
  case unknownInput(String, of: String, nearest: String?, known: [String])
  case missingInput(String, of: String, kinds: [ArtifactKind])
  case oneInputOnly(String, of: String)
  case emptyInput(String)
  case badInputName(String)
  case unknownReference(String, nearest: String?)
  case absentFile(String, input: String, asset: String)
  case wrongKind(input: String, of: String, expected: [ArtifactKind], asset: String, ArtifactKind)
  case fileForAsset(input: String, of: String, expected: [ArtifactKind], path: String)
  case cycle([String])

  // MARK: Partitions
  case badRange(String, reason: String)
  case tooManyPartitions(limit: Int)
  case tooManyPartitionsInFile(limit: Int)
  case noPartitions
  case severalPartitionKeys
  case badPartitionValue(String, rule: String)
  case repeatedPartition(String)
  case profileRenamesPartitionKey(from: String, to: String)
  case followsUnknown(String, nearest: String?)
  case followsUnpartitioned(String)
  case followCycle([String])

  // MARK: Checks
  case unknownCheck(String, nearest: String?)
  case checkNamesNothing
  case checkNamesSeveral([String])
  case checkDoesNotFit(String, expected: [ArtifactKind], found: ArtifactKind)
  case checkAssetUnknown(String, parameter: String, nearest: String?)
  case checkOfItself(String)
}
