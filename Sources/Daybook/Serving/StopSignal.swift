import Dispatch
import Foundation

/// SIGINT and SIGTERM as something to wait for. A second one ends the process at once.
final class StopSignal: @unchecked Sendable {
  private let signals: AsyncStream<Void>
  // Kept only so that they live; dispatch sources may be used from any thread.
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    signals = stream
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        signal(number, SIG_DFL)
        continuation.yield()
      }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in signals { return }
  }
}
