import Foundation
import NIOConcurrencyHelpers
import NIOCore

/// A partition's snapshots, as files.
enum StateFolder {
  private static func path(_ folder: String) -> String { "\(folder)/state/0" }

  static func snapshots(_ folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []
    return names.filter { $0.hasSuffix(".snapshot") }
  }

  static func snapshotBytes(_ folder: String) -> Int {
    snapshots(folder).reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: "\(path(folder))/\(name)")
      return sum + ((attributes?[.size] as? Int) ?? 0)
    }
  }

  /// Counts snapshots as they come.
  final class Watch: Sendable {
    private let seen: NIOLockedValueBox<Set<String>>
    private let before: Int
    private let timer: RepeatedTask

    init(_ folder: String, on loop: any EventLoop) {
      let names = Set(StateFolder.snapshots(folder))
      let seen = NIOLockedValueBox(names)
      self.seen = seen
      before = names.count
      timer = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { _ in
        let names = StateFolder.snapshots(folder)
        seen.withLockedValue { $0.formUnion(names) }
      }
    }

    func stop() -> Int {
      timer.cancel()
      return seen.withLockedValue { $0.count } - before
    }
  }
}

enum ProcessMemory {
  /// Of this process (`/proc/self/statm`); 0 where nobody knows.
  static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
