package import DaybookModel
import NIOConcurrencyHelpers
package import Ports

/// A home of sessions that notes what they are told, each hop as one.
package final class RecordingHome: SessionHome {
  package struct Hop: Sendable {
    package let news: SessionNews
    /// Of single sessions; empty where all followers of a stream were meant.
    package let sessions: [UInt64]
    package let followed: StreamKey?
    package let excepted: UInt64?
  }

  private let noted = NIOLockedValueBox<[Hop]>([])

  package init() {}

  /// Since the last time.
  package func takeHops() -> [Hop] {
    noted.withLockedValue { noted in
      defer { noted = [] }
      return noted
    }
  }

  package func deliver(_ news: SessionNews, to sessions: [SessionHandle]) {
    let hop = Hop(
      news: news, sessions: sessions.map(\.number), followed: nil, excepted: nil)
    noted.withLockedValue { $0.append(hop) }
  }

  package func deliver(
    _ news: SessionNews, followersOf stream: StreamKey, except session: SessionHandle?
  ) {
    let hop = Hop(news: news, sessions: [], followed: stream, excepted: session?.number)
    noted.withLockedValue { $0.append(hop) }
  }
}
