import ArgumentParser
import Logging

/// What `serve` logs, and how.
struct LogOptions: ParsableArguments {
  private static let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

  @Option(
    name: .customLong("log-level"),
    help: "The least level that is logged to standard error: \(levels).",
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else {
        throw ValidationError("--log-level is one of \(levels), not '\(text)'")
      }
      return level
    })
  var level = Logger.Level.info

  @Option(
    name: .customLong("log-format"),
    help: """
      How it is logged: 'text', lines of time (RFC 3339), level, message and KEY=VALUE, or 'json', \
      an object a line with time, level, module, message and metadata.
      """)
  var format = OperatorLog.Format.text

  var settings: OperatorLog.Settings { OperatorLog.Settings(level: level, format: format) }
}

extension OperatorLog.Format: ExpressibleByArgument {
  init?(argument: String) {
    guard OperatorLog.Format.allValueStrings.contains(argument) else { return nil }
    self.init(rawValue: argument)
  }

  static var allValueStrings: [String] { [text, json].map(\.rawValue) }
}
