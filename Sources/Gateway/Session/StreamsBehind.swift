import DaybookModel

/// Streams of a session that were live once and have more than was pushed, and whose turn it is to be
/// read: one page at a time is, of whatever stream, so that a session holds no more.
struct StreamsBehind {
  /// Streams in one push.
  static let toldMax = 100

  /// The one that was read last is last.
  private(set) var all: [StreamKey] = []
  /// Those of them that the client has not heard of.
  private var untold: [StreamKey] = []
  private var reading: StreamKey?
  private var lastRead: StreamKey?

  var mayRead: Bool { reading == nil }

  func contains(_ stream: StreamKey) -> Bool { all.contains(stream) }

  func wasReadLast(_ stream: StreamKey) -> Bool { lastRead == stream }

  /// `isTold`: the client hears of it with the next event.
  mutating func add(_ stream: StreamKey, isTold: Bool) {
    all.append(stream)
    if !isTold { untold.append(stream) }
  }

  mutating func remove(_ stream: StreamKey) {
    guard !all.isEmpty else { return }
    all.removeAll { $0 == stream }
    untold.removeAll { $0 == stream }
  }

  var hasUntold: Bool { !untold.isEmpty }

  /// So many of them, which now are told.
  mutating func takeUntold(_ count: Int) -> [StreamKey] {
    defer { untold.removeFirst(min(count, untold.count)) }
    return Array(untold.prefix(count))
  }

  mutating func reads(_ stream: StreamKey) { reading = stream }

  mutating func hasRead(_ stream: StreamKey) {
    (reading, lastRead) = (nil, stream)
    guard let at = all.firstIndex(of: stream) else { return }
    all.append(all.remove(at: at))
  }
}
