/// What can go wrong below the model: the machine lacks something.
package enum KernelError: Error, Hashable {
  /// The system gave no memory for this many bytes.
  case outOfMemory(bytes: Int)
  /// A thread could not be started.
  case noThreads(requested: Int)
  /// OpenBLAS is not installed or lacks a function; `reason` is the loader's own words.
  case openBLASUnavailable(reason: String)
  /// OpenBLAS gave a wrong product on this machine with these kernels.
  case openBLASWrong(core: String, error: Double)
  /// The machine cannot multiply bfloat16.
  case noBF16
}
