package import DaybookModel

/// The numbers of a client's messages where each stream has its own: 1, 2, 3… under an origin that no
/// other client has had, so that nobody has to be asked which one is next, and a message can be numbered,
/// and stored, before there is any connection. Messages that an earlier client has left keep their origin
/// and numbers, and go first.
package struct GaplessNumbers: Sendable {
  private struct Count: Sendable {
    let origin: Origin
    var last: UInt64
  }

  private let origin: Origin
  private var counts: [StreamKey: Count] = [:]

  package init(origin: Origin) { self.origin = origin }

  package mutating func next(in stream: StreamKey) -> (origin: Origin, number: UInt64) {
    counts[stream, default: Count(origin: origin, last: 0)].last += 1
    return (counts[stream]!.origin, counts[stream]!.last)
  }

  /// The number that was given last will never be sent.
  package mutating func takeBack(in stream: StreamKey, of origin: Origin?) {
    guard let count = counts[stream], count.origin == origin else { return }
    counts[stream]!.last -= 1
  }

  /// A number was refused for good before the stream's owner knew of it, who goes on to wait for it: what
  /// is sent from now on counts anew.
  package mutating func abandon(_ stream: StreamKey, for new: Origin) {
    counts[stream] = Count(origin: new, last: 0)
  }
}
