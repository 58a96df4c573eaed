/// The surroundings of a build: folders, profile and machine.
package struct EngineConfiguration: Sendable {
  /// The folder of the pipeline file, absolute.
  package var projectRoot: String
  /// The cache folder, absolute.
  package var cacheRoot: String
  package var profile: String
  package var environment: [String: String]
  package var cores: Int
  /// Memory of the machine in bytes; tasks whose declared memory together exceeds it wait.
  package var memory: Int

  package init(
    projectRoot: String, cacheRoot: String, profile: String, environment: [String: String],
    cores: Int, memory: Int = .max
  ) {
    self.projectRoot = projectRoot
    self.cacheRoot = cacheRoot
    self.profile = profile
    self.environment = environment
    self.cores = max(1, cores)
    self.memory = memory
  }
}
