import DaybookModel
import DaybookSchema
import SwiftProtobuf
import WireProtocol

/// What a client that fetches was told of its streams: that there is more of one it hears once, until it
/// has fetched or acked some of it.
struct Announcing {
  private struct Told {
    var head: Seq
    /// The client has fetched or acked since it was told.
    var isHeard = true
  }

  private var told: [StreamKey: Told] = [:]

  /// `head` stands in what the client is told at the beginning.
  mutating func begin(_ stream: StreamKey, head: Seq) { told[stream] = Told(head: head) }

  mutating func end(_ stream: StreamKey) { told[stream] = nil }

  /// There is more of it.
  mutating func announce(_ followed: StreamFollowing, _ output: inout SessionOutput) {
    guard let known = told[followed.stream], known.isHeard, followed.head > known.head else {
      return
    }
    told[followed.stream] = Told(head: followed.head, isHeard: false)
    // What is past its acks it fetches.
    let head = Daybook_V1_StreamHead.with {
      $0.stream = followed.stream.text
      $0.pushedSeq = followed.ackedUpTo.rawValue
      $0.headSeq = followed.head.rawValue
    }
    output.write(.behind, Daybook_V1_Behind.with { $0.streams = [head] })
  }

  /// The client has fetched or acked some of it. There may be more by now than it was told.
  mutating func heard(_ followed: StreamFollowing, _ output: inout SessionOutput) {
    guard told[followed.stream] != nil else { return }
    told[followed.stream]?.isHeard = true
    announce(followed, &output)
  }
}
