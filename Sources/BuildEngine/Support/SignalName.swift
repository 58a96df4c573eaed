#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Names of signals for messages.
package enum SignalName {
  package static func of(_ signal: Int32) -> String {
    switch signal {
    case SIGKILL: "SIGKILL (killed, or the machine ran out of memory)"
    case SIGSEGV: "SIGSEGV (a crash)"
    case SIGILL: "SIGILL (a crash)"
    case SIGTRAP: "SIGTRAP (a crash)"
    case SIGABRT: "SIGABRT (a crash)"
    case SIGBUS: "SIGBUS (a crash, or the disk is full)"
    case SIGFPE: "SIGFPE (a crash)"
    case SIGTERM: "SIGTERM"
    case SIGINT: "SIGINT"
    case SIGPIPE: "SIGPIPE"
    case SIGXFSZ: "SIGXFSZ (a file grew past its limit)"
    default: "signal \(signal)"
    }
  }
}
