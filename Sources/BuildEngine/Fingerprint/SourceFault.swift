#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A path of an input behind which there is nothing that can be read.
package struct SourceFault: Sendable, Hashable {
  package var asset: String
  package var input: String
  /// As the pipeline file has it, with `{key}` where partitions have their values.
  package var template: String
  /// What is wrong, once for each partition that has the fault.
  package var errors: [BuildError]
}

extension BuildGraph {
  /// Everything that is wrong with the files the targets need (of all assets when empty), in the
  /// order of the pipeline file. Reads folders, but no file.
  package func sourceFaults(
    projectRoot: String, targets: [String] = []
  ) throws(BuildError) -> [SourceFault] {
    let lister = SourceLister(projectRoot: projectRoot)
    var known: [String: PathFault?] = [:]
    var faults: [SourceFault] = []
    for number in try closure(of: targets).sorted() {
      let asset = assets[number]
      for input in asset.inputs {
        for template in input.paths {
          var errors: [BuildError] = []
          for path in asset.allPaths(template) {
            let fault = known[path] ?? Self.fault(path, lister)
            known[path] = .some(fault)
            if let fault { errors.append(fault.error(asset: asset.name, input: input.name)) }
          }
          if errors.isEmpty { continue }
          faults.append(
            SourceFault(asset: asset.name, input: input.name, template: template, errors: errors))
        }
      }
    }
    return faults
  }

  private enum PathFault {
    case missing(String)
    case emptyGlob(String)
    case other(BuildError)

    func error(asset: String, input: String) -> BuildError {
      switch self {
      case .missing(let path): .missingInput(asset: asset, input: input, path: path)
      case .emptyGlob(let pattern): .emptyGlob(asset: asset, input: input, pattern: pattern)
      case .other(let error): error
      }
    }
  }

  private static func fault(_ path: String, _ lister: SourceLister) -> PathFault? {
    do throws(BuildError) {
      let listing = try lister.list(path)
      if listing.files.isEmpty, !listing.isFolder {
        return listing.isPattern ? .emptyGlob(path) : .missing(path)
      }
      for file in listing.files where access(file.path, R_OK) != 0 {
        return .other(.unreadableInput(path: file.name, code: errno))
      }
      return nil
    } catch {
      return .other(error)
    }
  }
}
