// swift-tools-version: 6.3
import Foundation
import PackageDescription

// Modules and the arrows between them are explained in docs/ARCHITECTURE.md.

// MARK: Targets

/// A Debian library as a module: `Sources/<name>/module.modulemap` and `shim.h`.
func library(_ name: String, pkgConfig: String, debian: String) -> Target {
  // On Linux the module map names the library; the search path of a .pc file would come before that
  // of `archives` below.
  #if os(Linux)
    .systemLibrary(name: name, path: "Sources/\(name)", providers: [.apt([debian])])
  #else
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig)
  #endif
}

/// A C target that is optimised in every configuration, so that debug tests run at full speed.
func cTarget(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, cSettings: [.unsafeFlags(["-O3"])])
}

let systemLibraries: [Target] = [
  library("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
  library("CXXHash", pkgConfig: "libxxhash", debian: "libxxhash-dev"),
  library("CSQLite", pkgConfig: "sqlite3", debian: "libsqlite3-dev"),
  library("CZstd", pkgConfig: "libzstd", debian: "libzstd-dev"),
  library("CSnappy", pkgConfig: "snappy", debian: "libsnappy-dev"),
  library("CLZ4", pkgConfig: "liblz4", debian: "liblz4-dev"),
  library("CBrotli", pkgConfig: "libbrotlidec", debian: "libbrotli-dev"),
  library("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
]

let cTargets: [Target] = [
  cTarget("CSystem"),
  // libcurl and OpenBLAS are opened with dlopen: linking them costs 6 ms and 2 ms at every start.
  cTarget("CCurl"),
  cTarget("COpenBLAS"),
  cTarget("CKernels"),
  cTarget("CHash"),
  // Brings a malloc that counts; only the tests link it.
  .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
]

/// Flags that put the libraries into the program, so that a start need not find, map and relocate
/// nine shared ones (3.5 ms against 2.6). `Scripts/archives` holds linker scripts that lead from
/// `-lyaml` to `libyaml.a`; where archives are not installed the program is linked as usual.
let archives: [String] = {
  let names = [
    "z", "brotlidec", "brotlicommon", "lz4", "snappy", "zstd", "yaml", "sqlite3", "xxhash",
  ]
  let files = FileManager.default
  func entries(_ folder: String) -> [String] {
    ((try? files.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
  }
  let hasLibraries = (entries("/usr/lib") + ["/usr/lib"]).contains { folder in
    names.allSatisfy { files.fileExists(atPath: "\(folder)/lib\($0).a") }
  }
  let hasRuntime = entries("/usr/lib/gcc").flatMap(entries).contains {
    files.fileExists(atPath: "\($0)/libstdc++.a")
  }
  guard hasLibraries, hasRuntime else { return [] }
  return ["-L\(Context.packageDirectory)/Scripts/archives"]
}()

/// A table of relative relocations that is a tenth of the usual one, which every start reads: 1.1 MB
/// less in memory. Understood by glibc since 2.36.
let packedRelocations: [String] = {
  #if canImport(Glibc)
    var text = [CChar](repeating: 0, count: 64)
    guard confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count) > 0 else { return [] }
    let version = text.prefix { $0 != 0 }.map { Character(UnicodeScalar(UInt8(bitPattern: $0))) }
      .drop { !$0.isNumber }.split(separator: ".").compactMap { Int(String($0)) }
    guard version.count >= 2, (version[0], version[1]) >= (2, 36) else { return [] }
    return ["-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]
  #else
    return []
  #endif
}()

/// Puts the functions that a start with nothing to do runs beside each other, so that the kernel maps
/// little else with them: 1.2 MB less in memory. `Scripts/start_order` writes the list; a name that is
/// gone does no harm.
let startOrder = [
  "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/Scripts/archives/start.order",
  "-Xlinker", "--no-warn-symbol-ordering",
]

let swiftTargets: [Target] = [
  .target(name: "JSON"),
  .target(name: "ByteCoding"),
  .target(name: "Diagnostics"),
  .target(name: "YAML", dependencies: ["CYAML", "Diagnostics"]),
  .target(name: "PipelineFile", dependencies: ["YAML", "Diagnostics", "JSON", "ByteCoding"]),
  .target(
    name: "BuildEngine",
    dependencies: ["CSystem", "CHash", "CXXHash", "CSQLite", "JSON", "ByteCoding", "Diagnostics"]),
  .target(
    name: "Transfer",
    dependencies: ["CCurl", "CHash", "CSystem", "CZstd", "CBrotli", "CZlib", "JSON"]),
  .target(
    name: "Corpus",
    dependencies: [
      "CSystem", "CZstd", "CSnappy", "CLZ4", "CBrotli", "CZlib", "Diagnostics", "JSON",
    ]),
  .target(name: "Tokenization", dependencies: ["CSystem", "Corpus", "JSON"]),
  .target(name: "Kernels", dependencies: ["COpenBLAS", "CKernels", "CSystem"]),
  .target(
    name: "LanguageModel",
    dependencies: ["Kernels", "CKernels", "Tokenization", "Corpus", "JSON", "CSystem"]),
  .target(
    name: "Training",
    dependencies: [
      "LanguageModel", "Kernels", "Corpus", "Tokenization", "JSON", "CSystem", "Diagnostics",
    ]),
  .target(
    name: "Steps",
    dependencies: [
      "BuildEngine", "PipelineFile", "Diagnostics", "JSON", "Transfer", "Corpus", "Tokenization",
      "Kernels", "LanguageModel", "Training",
    ]),
  .target(
    name: "CommandLineTool",
    dependencies: [
      "Steps", "BuildEngine", "PipelineFile", "Diagnostics", "JSON", "LanguageModel", "Kernels",
      "Tokenization", "Training", "Corpus", "CSystem",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  .executableTarget(
    name: "nanobuild", dependencies: ["CommandLineTool"],
    linkerSettings: [
      .unsafeFlags(
        [
          "-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections",
          "-lswiftSynchronization", "-use-ld=lld", "-Xlinker", "--no-export-dynamic",
          "-Xclang-linker", "-static-libgcc",
        ] + archives + packedRelocations + startOrder, .when(platforms: [.linux]))
    ]),
  .target(
    name: "TestSupport", dependencies: ["CSystem", "CAllocationCount"], path: "Tests/TestSupport"),
]

/// One test target a module, in `Tests/<module>Tests`.
func tests(_ module: String, _ dependencies: [Target.Dependency] = [], fixtures: Bool = false)
  -> Target
{
  .testTarget(
    name: "\(module)Tests",
    dependencies: [.target(name: module), "TestSupport"] + dependencies,
    exclude: fixtures ? ["Fixtures"] : [])
}

let testTargets: [Target] = [
  tests("JSON"),
  tests("ByteCoding"),
  tests("Diagnostics"),
  tests("YAML", ["Diagnostics"]),
  tests("PipelineFile", ["YAML", "Diagnostics", "JSON"]),
  tests("BuildEngine", ["JSON", "CHash", "CXXHash"]),
  tests("Transfer", ["JSON", "CZstd", "CZlib"]),
  tests("Corpus", ["JSON"], fixtures: true),
  tests("Tokenization", ["Corpus", "JSON"], fixtures: true),
  tests("Kernels", ["CKernels"]),
  tests("LanguageModel", ["Kernels", "JSON", "Tokenization", "Corpus"], fixtures: true),
  tests("Training", ["LanguageModel", "Kernels", "Corpus", "Tokenization", "JSON"]),
  tests("Steps", ["BuildEngine", "PipelineFile", "Diagnostics", "JSON", "Tokenization"]),
  tests("CommandLineTool", ["BuildEngine", "Steps", "JSON", "PipelineFile"]),
  .testTarget(
    name: "EndToEndTests", dependencies: ["TestSupport", "JSON", "CSQLite"],
    exclude: ["Golden"]),
]

/// libFuzzer brings its own `main`, so this target builds only as `Scripts/fuzz` asks for it.
let fuzzTargets: [Target] =
  Context.environment["NANOBUILD_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "nanobuild-fuzz",
      dependencies: [
        "Corpus", "JSON", "LanguageModel", "PipelineFile", "Steps", "Tokenization", "Transfer",
        "YAML",
      ], path: "Tests/Fuzzing")
  ]

// MARK: Settings for every Swift target

for target in swiftTargets + testTargets + fuzzTargets {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
  ]
}

let package = Package(
  name: "nanobuild",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "nanobuild", targets: ["nanobuild"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: systemLibraries + cTargets + swiftTargets + testTargets + fuzzTargets,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
