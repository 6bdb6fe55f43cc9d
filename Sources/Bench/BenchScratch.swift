import DaybookModel
import Foundation

/// A folder for one run's data, and what else must not outlive the bench: removed at the run's
/// end, and when a signal ends the bench.
package final class BenchScratch: Sendable {
  package let path: String

  /// Throws `invalid_argument` if there is no such folder to put it in.
  package init(in folder: String, run: Int) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else { throw DaybookError(.invalidArgument, "there is no folder \(folder): make it first") }
    path = "\(folder)/daybook-bench-\(ProcessInfo.processInfo.processIdentifier)-\(run)"
    Interruption.shared.watch()
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    } catch {
      throw DaybookError(
        .invalidArgument, "can't make a folder in \(folder): choose another with --folder",
        cause: error)
    }
    Interruption.shared.keep(path) { [path] in try? FileManager.default.removeItem(atPath: path) }
  }

  package func remove() {
    Interruption.shared.waitIfEnding()
    Interruption.shared.drop(path)
    try? FileManager.default.removeItem(atPath: path)
  }
}
