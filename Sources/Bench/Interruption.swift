import Foundation
import NIOConcurrencyHelpers

/// What to do before SIGINT or SIGTERM ends the process.
///
/// `@unchecked Sendable`: all that changes is in a locked box.
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
