import DaybookModel
import Foundation
import NIOConcurrencyHelpers

/// A folder for one run's data, and what else must not outlive the bench: removed at the run's
/// end, and when a signal ends the bench.
final class BenchScratch: Sendable {
  let path: String

  /// Throws `invalid_argument` if there is no such folder to put it in.
  init(in folder: String, run: Int) throws {
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

  func remove() {
    Interruption.shared.waitIfEnding()
    Interruption.shared.drop(path)
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// What to do before SIGINT or SIGTERM ends the process.
final class Interruption: @unchecked Sendable {
  static let shared = Interruption()

  private struct State {
    var actions: [(name: String, action: @Sendable () -> Void)] = []
    var sources: [any DispatchSourceSignal] = []
    var isEnding = false
  }

  private let state = NIOLockedValueBox(State())

  func watch() {
    state.withLockedValue { state in
      guard state.sources.isEmpty else { return }
      state.sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { self.end(number) }
        source.resume()
        return source
      }
    }
  }

  /// Later ones are done first.
  func keep(_ name: String, _ action: @escaping @Sendable () -> Void) {
    state.withLockedValue { $0.actions.append((name, action)) }
  }

  func drop(_ name: String) {
    state.withLockedValue { state in state.actions.removeAll { $0.name == name } }
  }

  /// What fails because of the signal leaves the end of the process to it.
  func waitIfEnding() {
    while state.withLockedValue({ $0.isEnding }) { sleep(1) }
  }

  private func end(_ number: Int32) {
    let actions = state.withLockedValue { state in
      state.isEnding = true
      return state.actions
    }
    for (_, action) in actions.reversed() { action() }
    exit(128 + number)
  }
}
