import DaybookModel
import Logging
import NIOConcurrencyHelpers
import Server

/// What the whole program logs to: standard error, a line a message.
enum OperatorLog {
  enum Format: String, Sendable {
    /// `daybook: MESSAGE`, of commands that come to an end.
    case plain
    /// `TIME LEVEL MESSAGE  KEY=VALUE KEY=VALUE`, of a server.
    case text
    /// An object: time (RFC 3339), level, module, message, metadata.
    case json
  }

  struct Settings: Sendable {
    var level = Logger.Level.info
    var format = Format.plain
  }

  /// The least level that is logged; an operator may change it while a server runs.
  private static let sharedLevel = NIOLockedValueBox(Logger.Level.info)

  static var level: Logger.Level {
    get { sharedLevel.withLockedValue { $0 } }
    set { sharedLevel.withLockedValue { $0 = newValue } }
  }

  /// To be called once, before anything is logged.
  static func bootstrap(_ settings: Settings) {
    level = settings.level
    LoggingSystem.bootstrap { _ in Handler(settings.format) { printToStandardError($0) } }
  }

  /// Of the program itself, to be handed on.
  static var logger: Logger { Logger(label: "daybook") }

  struct Handler: LogHandler {
    /// As `OperatorLog.level` says, unless a logger was given one of its own.
    var logLevel: Logger.Level {
      get { ownLevel ?? OperatorLog.level }
      set { ownLevel = newValue }
    }
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let format: Format
    private let write: @Sendable (String) -> Void

    init(_ format: Format, write: @escaping @Sendable (String) -> Void) {
      self.format = format
      self.write = write
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      var facts = metadataProvider?.get() ?? [:]
      for more in [metadata, event.metadata ?? [:]] { facts.merge(more) { _, latest in latest } }
      switch format {
      case .plain: write(OperatorLog.plain(event, facts))
      case .text: write(OperatorLog.text(event, facts, at: SystemClock().now()))
      case .json: write(OperatorLog.json(event, facts, at: SystemClock().now()))
      }
    }
  }

  /// A message says all that an operator needs; who looks for a fault sees the metadata too.
  static func plain(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
    var line = "daybook: \(event.message)"
    if event.level <= .debug, !metadata.isEmpty {
      let facts = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      line += " (\(facts.joined(separator: ", ")))"
    }
    return oneLine(line)
  }

  /// What a client has sent may be quoted in it: it must not look like a line of its own.
  private static func oneLine(_ text: String) -> String {
    Terminal.safe(text.split(separator: "\n").joined(separator: " "))
  }

  /// Levels stand in a column, and values with spaces in quotes.
  static func text(
    _ event: LogEvent, _ metadata: Logger.Metadata, at time: Timestamp
  ) -> String {
    let level = Terminal.padded(event.level.rawValue, to: 8)
    var line = "\(time.rfc3339) \(level) \(event.message)"
    if !metadata.isEmpty {
      let facts = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted("\($0.value)"))" }
      line += "  " + facts.joined(separator: " ")
    }
    return oneLine(line)
  }

  private static func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { " \"=".contains($0) }) else { return value }
    return "\"" + value.replacing("\"", with: "\\\"") + "\""
  }

  static func json(
    _ event: LogEvent, _ metadata: Logger.Metadata, at time: Timestamp
  ) -> String {
    var facts = JSONLine()
    for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
      facts.set(named: name, "\(value)")
    }
    var line = JSONLine()
    line.set("time", time.rfc3339)
    line.set("level", event.level.rawValue)
    line.set("module", event.source)
    line.set("message", "\(event.message)")
    line.set("metadata", facts)
    return line.text
  }
}
