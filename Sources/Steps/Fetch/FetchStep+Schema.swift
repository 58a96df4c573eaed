package import JSON
package import PipelineFile
import Transfer

extension FetchStep {
  package static let schema = StepSchema(
    name: "data.fetch",
    summary: "Fetches files from the web or copies them from this machine, one a partition.",
    parameters: [
      ParameterSchema(
        "url", .string, isRequired: true,
        "Path, file://, http:// or https:// address; `{key}` is the partition's value, "
          + "percent-encoded in addresses."),
      ParameterSchema(
        "mirrors", .list(of: .string), affectsResult: false,
        "Tried in turn when `url` fails: addresses or folders that take the place of scheme and host, or "
          + "whole templates when they contain `{key}`."),
      ParameterSchema(
        "listing", .boolean, default: false,
        "`url` answers with a JSON array of web addresses; all of them are fetched."),
      ParameterSchema(
        "filename", .string,
        "Name of the file in the result; by default the last part of the address. Not with `listing`."
      ),
      ParameterSchema(
        "sha256", .either([.string, .dictionary(of: .string)]),
        "Hash of the file's bytes, or one for each partition; another content fails. With `listing`, of "
          + "the list itself; the files it names are verified by their Git-LFS pointers only."),
      ParameterSchema(
        "size", .either([.size, .dictionary(of: .size)]),
        "Bytes of the file, or of each partition; another size fails. With `listing`, of the list itself."
      ),
      ParameterSchema(
        "approximate_size", .either([.size, .dictionary(of: .size)]), affectsResult: false,
        "About how large a file is, or each partition's: for `nanobuild plan` only."),
      ParameterSchema(
        "lfs_pointer", .either([.boolean, .choice(["auto"])]), default: "auto",
        unkeyedValues: ["auto", false],
        "Read size and hash from the Git-LFS pointer of a hub's `/resolve/` address: `auto` where "
          + "there is one, `true` to insist (then part of the key), `false` never."),
      ParameterSchema(
        "token", .string, isSecret: true, affectsResult: false,
        "Bearer token for the host of `url`; no other host sees it."),
      ParameterSchema(
        "headers", .dictionary(of: .string), isSecret: true, affectsResult: false,
        "More request headers for the host of `url`; a value may be a secret."),
      ParameterSchema(
        "ca_file", .string, affectsResult: false,
        "PEM file of certificate authorities to trust instead of the system's; the variables "
          + "SSL_CERT_FILE and CURL_CA_BUNDLE are used otherwise."),
      ParameterSchema(
        "parallel", .integer(1...256), default: 16, affectsResult: false, "Files at once."),
      ParameterSchema(
        "retries", .integer(0...1000), default: 5, affectsResult: false,
        "Tries after the first for each file; a try that brings a mebibyte starts the count again. Each "
          + "mirror is asked once in any case."),
      ParameterSchema(
        "retry_delay", .duration, default: 1.0, affectsResult: false,
        "Wait before the first repetition; doubles each time."),
      ParameterSchema(
        "connect_timeout", .duration, default: 30.0, affectsResult: false,
        "Longest wait for a connection."),
      ParameterSchema(
        "low_speed_timeout", .duration, default: 30.0, affectsResult: false,
        "A transfer below 1 KiB/s for this long is given up and resumed."),
      ParameterSchema(
        "max_total_size", .size, affectsResult: false,
        "Most bytes that one attempt may bring, those of failed tries and what an earlier attempt left "
          + "unfinished or unpublished included; files beyond fail."),
    ],
    produces: .files,
    makesPartitionsTogether: true,
    isResumable: true,
    partitionParameters: ["sha256", "size"],
    isNetworkBound: true,
    faults: { FetchDeclaration($0).faults })

  /// Paths on this machine that the step reads; their content belongs to the key.
  ///
  /// As in the file: absolute, or relative to the project folder, `{key}` standing for the
  /// partition's value. Empty for web addresses.
  package static func localSourceTemplates(parameters: [String: JSONValue]) -> [String] {
    guard let template = parameters["url"]?.stringValue,
      case .local(let path)? = try? SourceURL(template)
    else { return [] }
    return [path]
  }
}
