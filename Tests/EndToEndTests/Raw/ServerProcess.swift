import Foundation

/// What the system says of a server's process (proc(5)).
struct ServerProcess: Sendable {
  let identifier: Int32

  struct Descriptors: Equatable, Sendable {
    /// Connections, listeners, and what loops wait with.
    var others = 0
    /// Files of the file system.
    var files = 0
    /// Those of them that are no more.
    var deleted = 0
  }

  func descriptors() -> Descriptors {
    let folder = "/proc/\(identifier)/fd"
    var found = Descriptors()
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "\(folder)/\(name)")
      else { continue }
      if !target.hasPrefix("/") {
        found.others += 1
      } else if target.hasSuffix(" (deleted)") {
        found.deleted += 1
      } else {
        found.files += 1
      }
    }
    return found
  }

  /// Memory that no file stands behind, in KiB; 0 once it has ended.
  func memory() -> Int {
    let text = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
    let line = text?.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }

  /// Seconds that its threads have run.
  func processorSeconds() -> Double {
    let text = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
    // Behind the name, which may have anything in it.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
    else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
