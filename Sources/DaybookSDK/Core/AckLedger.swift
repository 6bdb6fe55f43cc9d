package import DaybookModel
import NIOCore

/// What the application was handed and has not acknowledged, and up to where each stream may be acked.
package struct AckLedger: Sendable {
  private struct Entry: Sendable {
    var seq: Seq
    /// It was nothing to the application, and waits only for what came before it.
    var isSilent: Bool
  }

  private struct Stream: Sendable {
    /// By ascending seq; the first is never silent.
    var open = CircularBuffer<Entry>()
    var acknowledged = Seq.none
  }

  private var streams: [StreamKey: Stream] = [:]
  private var due: Set<StreamKey> = []
  /// The user's, if anything came in it.
  package private(set) var mailbox: StreamKey?
  /// Events that were acknowledged since `collect`.
  package private(set) var dueCount = 0

  package init() {}

  /// The application was handed an event.
  package mutating func handed(_ point: AckPoint) {
    if point.stream.kind == .user { mailbox = point.stream }
    streams[point.stream, default: Stream()].open.append(Entry(seq: point.seq, isSilent: false))
  }

  /// An event came in this place that is nothing to the application, or one that it has
  /// acknowledged before.
  package mutating func passed(_ point: AckPoint) {
    var stream = streams.removeValue(forKey: point.stream) ?? Stream()
    defer { streams[point.stream] = stream }
    if !stream.open.isEmpty && point.seq > stream.acknowledged {
      return stream.open.append(Entry(seq: point.seq, isSilent: true))
    }
    // What came again stands behind what came after it.
    stream.acknowledged = max(stream.acknowledged, point.seq)
    due.insert(point.stream)
    dueCount += 1
  }

  /// All of the stream that was handed out, up to this seq.
  package mutating func acknowledge(_ key: StreamKey, upTo seq: Seq) {
    guard var stream = streams.removeValue(forKey: key) else { return }
    defer { streams[key] = stream }
    while let first = stream.open.first, first.isSilent || first.seq <= seq {
      assert(first.seq > stream.acknowledged, "handed out a second time")
      stream.acknowledged = first.seq
      stream.open.removeFirst()
      due.insert(key)
      dueCount += 1
    }
  }

  /// Streams and how far they are acknowledged, of those where that has changed since the last call.
  package mutating func collect() -> [StreamKey: Seq] {
    defer {
      due = []
      dueCount = 0
    }
    return Dictionary(
      uniqueKeysWithValues: due.map { ($0, streams[$0]?.acknowledged ?? .none) })
  }
}
