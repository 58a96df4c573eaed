import Diagnostics

extension PipelineError {
  var message: String {
    switch self {
    case .unreadable(let path, let reason): "can't read \(Wording.quoted(path)): \(reason)"
    case .profileFileIsPipeline: "this is a pipeline file, not a profile"
    case .wrongType(let name, let expected, let found, _):
      "\(name) must be \(expected), found \(found)"
    case .unknownKey(let key, let owner, _, _): "unknown key \(Wording.quoted(key)) in \(owner)"
    case .missingKey(let key, let owner, _): "\(owner) has no `\(key)`"
    case .badVersion(let found): "this program reads format version 1, found \(found)"
    case .badName(let kind, let name, let rule):
      "\(Wording.quoted(name)) is no name for \(kind): \(rule)"
    case .twoAssets(let name): "two assets have the name \(Wording.quoted(name))"
    case .equalNames(let kind, let name): "two \(kind) have the name \(Wording.quoted(name))"
    case .unknownProfile(let name, _, _): "there is no profile \(Wording.quoted(name))"
    case .assetOnlyInProfile(let name, _):
      "a profile can't add the asset \(Wording.quoted(name))"
    case .notForProfiles(let key): "a profile can't change \(Wording.quoted(key)) of an asset"
    case .unknownTarget(let name, _): "`only` names no asset: \(Wording.quoted(name))"
    case .malformedOverride: "expected `asset.parameter=value`"
    case .overrideNamesNoAsset(let key, _): "\(Wording.quoted(key)) names no asset"
    case .overrideNamesNoParameter(let asset): "which parameter of `\(asset)`?"
    case .overrideTooDeep(let parameter, let key):
      "`\(parameter)` has no keys, so `\(key)` names nothing"
    case .unknownStep(let name, _): "unknown step \(Wording.quoted(name))"
    case .unknownParameter(let name, let owner, _, _):
      "unknown parameter \(Wording.quoted(name)) of \(owner)"
    case .missingParameter(let name, let owner, _, _): "\(owner) needs the parameter `\(name)`"
    case .secretElsewhere(let parameter):
      "`${env:…}` can't be used here: `\(parameter)` is not a secret parameter"
    case .badSecretReference(let parameter):
      "the value of `\(parameter)` has `${` in it, but is no reference to a variable"
    case .secretInClear(let parameter): "the secret `\(parameter)` stands here in clear"
    case .badVariableName(let name):
      "\(Wording.quoted(name)) is no name of an environment variable"
    case .stepFault(let message, _): message
    case .unknownInput(let name, let owner, _, _):
      "unknown input \(Wording.quoted(name)) of \(owner)"
    case .missingInput(let name, let owner, _): "\(owner) needs the input `\(name)`"
    case .oneInputOnly(let name, let owner): "the input `\(name)` of \(owner) takes one value"
    case .emptyInput(let name): "the input `\(name)` is an empty list"
    case .badInputName(let name):
      "\(Wording.quoted(name)) can't name an input of a command"
    case .unknownReference(let name, _):
      "\(Wording.quoted(name)) is neither an asset nor a file"
    case .absentFile(let path, let input, let asset):
      "input `\(input)` of `\(asset)`: there is no file \(Wording.quoted(path))"
    case .wrongKind(let input, let owner, let expected, let asset, let kind):
      "the input `\(input)` of \(owner) takes \(Self.kinds(expected)), "
        + "but `\(asset)` makes \(kind.phrase)"
    case .fileForAsset(let input, let owner, let expected, let path):
      "the input `\(input)` of \(owner) takes \(Self.kinds(expected)), "
        + "but \(Wording.quoted(path)) is a file"
    case .cycle(let names):
      "\(Wording.quoted(names.first ?? "")) needs itself: \(Self.loop(names))"
    case .badRange(let text, let reason): "\(Wording.quoted(text)) is no range: \(reason)"
    case .tooManyPartitions(let limit): "more than \(Wording.number(limit)) partitions"
    case .tooManyPartitionsInFile(let limit):
      "more than \(Wording.number(limit)) partitions in one file"
    case .noPartitions: "there are no partitions here"
    case .severalPartitionKeys: "an asset has one partition key"
    case .badPartitionValue(let value, let rule):
      "\(Wording.quoted(value)) can't be a partition: \(rule)"
    case .repeatedPartition(let value): "the partition \(Wording.quoted(value)) stands here twice"
    case .profileRenamesPartitionKey(let old, let new):
      "the partition key is `\(old)`, found \(Wording.quoted(new))"
    case .followsUnknown(let name, _): "`partitions` names no asset: \(Wording.quoted(name))"
    case .followsUnpartitioned(let name): "the asset `\(name)` has no partitions to follow"
    case .followCycle(let names): "partitions follow each other: \(Self.loop(names))"
    case .unknownCheck(let name, _): "unknown check \(Wording.quoted(name))"
    case .checkNamesNothing: "this item names no check"
    case .checkNamesSeveral(let names):
      "one item names one check, found \(Wording.list(names, "and"))"
    case .checkDoesNotFit(let check, let expected, let found):
      "the check `\(check)` looks at \(Self.kinds(expected)), but this asset is \(found.phrase)"
    case .checkAssetUnknown(let name, let parameter, _):
      "`\(parameter)` names no asset: \(Wording.quoted(name))"
    case .checkOfItself(let check): "the check `\(check)` compares the asset with itself"
    }
  }

  var help: String? {
    switch self {
    case .wrongType(_, _, _, let help), .stepFault(_, let help): help
    case .missingKey(_, _, let help): help
    case .unknownKey(_, _, let nearest, let known):
      Self.meant(nearest) ?? Self.known("known keys", known)
    case .unknownParameter(_, _, let nearest, let known):
      Self.meant(nearest) ?? Self.known("parameters", known, none: "it takes no parameters")
        ?? "`nanobuild steps` lists them"
    case .unknownInput(_, _, let nearest, let known):
      Self.meant(nearest) ?? Self.known("inputs", known, none: "this step takes no inputs")
    case .unknownProfile(_, let nearest, let known):
      Self.meant(nearest) ?? Self.known("profiles", known, none: "the file declares no profiles")
    case .assetOnlyInProfile(_, let nearest):
      Self.meant(nearest) ?? "declare the asset in the pipeline file"
    case .notForProfiles:
      "a profile overlays `with`, `partitions`, `checks`, `resources`, `retries` and `timeout`"
    case .malformedOverride: "for example `--set pretrain.depth=6`"
    case .overrideNamesNoParameter(let asset): "write `--set \(asset).parameter=value`"
    case .unknownTarget(_, let nearest), .overrideNamesNoAsset(_, let nearest),
      .checkAssetUnknown(_, _, let nearest), .followsUnknown(_, let nearest):
      Self.meant(nearest)
    case .unknownStep(_, let nearest): Self.meant(nearest) ?? "`nanobuild steps` lists them"
    case .unknownCheck(_, let nearest): Self.meant(nearest) ?? "`nanobuild steps` lists them"
    case .unknownReference(_, let nearest):
      Self.meant(nearest) ?? "begin the path of a file that does not exist yet with `./`"
    case .absentFile: "paths are relative to the folder of the pipeline file"
    case .missingParameter(let name, _, let expected, let place):
      "add `\(name)` \(place): \(expected)"
    case .secretElsewhere: "secrets go into parameters that the step marks as secret"
    case .badSecretReference, .secretInClear: "write `${env:NAME}`"
    case .badVariableName, .badInputName: "use letters, digits and `_`, not a digit first"
    case .missingInput(let name, _, let kinds):
      "add `\(name)` under `inputs`" + (kinds.isEmpty ? "" : ": \(Self.kinds(kinds))")
    case .oneInputOnly: "make a step that joins the files, or choose one"
    case .cycle: "break the loop by removing one of these"
    case .badRange: "a range is two whole numbers, such as `00000..00003`"
    case .severalPartitionKeys: "write `{shard: 00000..00003}`"
    case .followsUnpartitioned(let name): "give `\(name)` partitions, or remove this line"
    case .checkNamesNothing: "write `- name: {parameter: value}`"
    case .checkNamesSeveral: "begin each check with its own `- `"
    case .badName, .twoAssets, .equalNames, .badVersion, .profileFileIsPipeline, .unreadable,
      .overrideTooDeep, .emptyInput, .wrongKind, .fileForAsset, .tooManyPartitions,
      .tooManyPartitionsInFile, .noPartitions,
      .badPartitionValue, .repeatedPartition, .profileRenamesPartitionKey, .followCycle,
      .checkDoesNotFit, .checkOfItself:
      nil
    }
  }

  var severity: Diagnostic.Severity {
    if case .secretInClear = self { .warning } else { .error }
  }

  // MARK: Pieces

  private static func meant(_ nearest: String?) -> String? {
    nearest.map { "did you mean \(Wording.quoted($0))?" }
  }

  private static func known(_ label: String, _ names: [String], none: String? = nil) -> String? {
    guard !names.isEmpty else { return none }
    guard names.count <= 20 else { return nil }
    return "\(label): " + names.map(Wording.quoted).joined(separator: ", ")
  }

  private static func kinds(_ kinds: [ArtifactKind]) -> String {
    Wording.phrase(kinds.map(\.phrase))
  }

  /// "`a` → `b` → `a`", with the middle of a long loop left out.
  private static func loop(_ names: [String]) -> String {
    let shown = (names + names.prefix(1)).map(Wording.quoted)
    guard shown.count > 20 else { return shown.joined(separator: " → ") }
    let left = shown.count - 19
    return (shown.prefix(10) + ["… \(left) more …"] + shown.suffix(9)).joined(separator: " → ")
  }
}

extension ArtifactKind {
  /// The kind in a sentence.
  package var phrase: String {
    switch self {
    case .files: "files"
    case .conversations: "conversations"
    case .tokenizer: "a tokenizer"
    case .tokens: "tokens"
    case .checkpoint: "a checkpoint"
    case .metrics: "metrics"
    case .report: "a report"
    }
  }
}
