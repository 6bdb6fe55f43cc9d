package import Logging
import NIOConcurrencyHelpers

/// Keeps what is logged, from whatever thread, for a test to look at.
package final class RecordingLog: Sendable {
  package struct Line: Sendable, Equatable {
    package let level: Logger.Level
    package let message: String
    package let metadata: [String: String]
  }

  private let kept = NIOLockedValueBox<[Line]>([])

  package init() {}

  package var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

  package var lines: [Line] { kept.withLockedValue { $0 } }
  package var messages: [String] { lines.map(\.message) }

  private struct Handler: LogHandler {
    let log: RecordingLog
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { _, latest in latest }
      let line = Line(
        level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" })
      log.kept.withLockedValue { $0.append(line) }
    }
  }
}

extension Logger {
  /// For tests that are about something else.
  package static var silent: Logger {
    Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
  }
}
