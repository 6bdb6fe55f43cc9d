import DaybookFeed
import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore

/// Prints what a feed brings, and lets the server keep how far that is.
final class FeedPrinter: Sendable {
  private struct State {
    var position: FeedPosition?
    var savedAt = ContinuousClock.now
    var isSaved = true
  }

  private let feed: FeedClient
  private let name: String?
  private let withContents: Bool
  private let asJSON: Bool
  private let state = NIOLockedValueBox(State())

  init(_ feed: FeedClient, savingAs name: String?, withContents: Bool, asJSON: Bool) {
    self.feed = feed
    self.name = name
    self.withContents = withContents
    self.asJSON = asJSON
  }

  private static let saveEvery = Duration.seconds(1)

  func begin() throws {
    if !asJSON { try printToStandardOutput(FeedLine.heading) }
  }

  /// What was printed is saved, never what was not.
  func take(_ item: FeedItem) async throws {
    try print(item.events, position: item.position)
    let due = state.withLockedValue { state in
      if !item.events.isEmpty { state.isSaved = false }
      state.position = item.position
      return !state.isSaved && state.savedAt.duration(to: .now) >= FeedPrinter.saveEvery
    }
    if due { try await save() }
  }

  private func print(_ events: [FeedEvent], position: FeedPosition) throws {
    guard !events.isEmpty else { return }
    var output = StandardOutput()
    for (index, event) in events.enumerated() {
      if asJSON {
        let isLast = index == events.count - 1
        try output.line(
          try FeedLine.json(event, withContents, position: isLast ? position : nil))
      } else {
        try output.line(try FeedLine.text(event, withContents))
      }
    }
    try output.flush()
  }

  func end() async throws {
    if !state.withLockedValue({ $0.isSaved }) { try await save() }
  }

  private func save() async throws {
    guard let name, let position = state.withLockedValue({ $0.position }) else { return }
    try await feed.save(position, as: name)
    state.withLockedValue { state in
      state.isSaved = true
      state.savedAt = .now
    }
  }
}

/// An event as `feed` shows it: as `log dump` does.
enum FeedLine {
  static let heading = DumpedEvent.heading

  static func text(_ event: FeedEvent, _ withContents: Bool) throws(DaybookError) -> String {
    try dumped(event, withContents)?.text
      ?? DumpedEvent.columns(
        "\(event.partition)", "\(event.offset)",
        Timestamp(milliseconds: event.recordedAtMilliseconds).rfc3339, "unknown", "-",
        Terminal.safe(event.stream), "")
  }

  /// `position` stands with the last of some events: all up to there have been printed.
  static func json(
    _ event: FeedEvent, _ withContents: Bool, position: FeedPosition?
  ) throws(DaybookError) -> JSONLine {
    var line = try dumped(event, withContents)?.json ?? unknown(event)
    if let position { line.set("position", position.description) }
    return line
  }

  private static func unknown(_ event: FeedEvent) -> JSONLine {
    var line = JSONLine()
    line.set("partition", event.partition)
    line.set("offset", event.offset)
    line.set("stream", event.stream)
    line.set("type", nil)
    line.set("bytes", event.bytes.count)
    return line
  }

  /// Nil for a kind that this program doesn't know.
  private static func dumped(
    _ event: FeedEvent, _ withContents: Bool
  ) throws(DaybookError) -> DumpedEvent? {
    guard event.kind != nil else { return nil }
    let decoded = try EventDecoding.decode(ByteBuffer(bytes: event.bytes))
    return DumpedEvent(
      partition: PartitionID(event.partition), offset: Offset(Int64(event.offset)),
      byteCount: event.bytes.count, event: decoded,
      said: withContents ? DumpedEvent.said(decoded) : nil)
  }
}
