import DaybookModel
import NIOCore
import Ports
import Requests
import WireProtocol

/// Work of sessions on the read side: it waits for room for what it reads, and runs off the loop.
extension Session {
  /// What a lookup of one message or of a few rows takes.
  static let smallWorkBytes = 256 << 10

  /// Gives what came of `work` to `done`, back on the loop. The lease is kept for as long as `done`
  /// keeps it. Where there is no room for `bytes` within `wait` (nil: however long it takes), the
  /// result is `overloaded`.
  func leased<T: Sendable>(
    _ bytes: Int, within wait: TimeAmount?,
    _ work: @escaping @Sendable () async throws(DaybookError) -> T,
    then done: @escaping @Sendable (Result<T, DaybookError>, QueryLease?) -> Void
  ) {
    let turn = home.context.queryBudget.take(bytes) { lease in
      self.home.loop.execute { self.start(work, lease, done) }
    }
    switch turn {
    case .now(let lease): start(work, lease, done)
    case .later(let ticket):
      guard let wait else { return }
      home.loop.scheduleTask(in: wait) {
        guard self.home.context.queryBudget.withdraw(ticket) else { return }
        done(.failure(Session.noRoom), nil)
        self.home.settle()
      }
    }
  }

  private static let noRoom = DaybookError(
    .overloaded, "the server has as many queries as it has memory for; ask again in a while",
    retryAfter: .seconds(1))

  private func start<T: Sendable>(
    _ work: @escaping @Sendable () async throws(DaybookError) -> T, _ lease: QueryLease,
    _ done: @escaping @Sendable (Result<T, DaybookError>, QueryLease?) -> Void
  ) {
    // Nobody waits for it any more.
    guard connection != nil else { return }
    home.context.work.run(work) { [home] result in
      home.loop.execute {
        done(result, lease)
        home.settle()
      }
    }
  }

  // MARK: queries

  func ask(_ query: Query, _ sequence: UInt32) {
    waitingQueries.append((query, sequence))
    startQueries()
  }

  /// A session's queries take their turns too: what it has been answered and does not read counts
  /// against what it may ask.
  func startQueries() {
    while let (query, sequence) = waitingQueries.first, hasRoom(for: query) {
      waitingQueries.removeFirst()
      let bytes = query.workBytes
      queryBytes += bytes
      let start = ContinuousClock.now
      let runner = QueryRunner(
        queries: home.context.queries, inspection: home.context.inspection, audience: home.context)
      leased(bytes, within: home.context.options.queryWait) {
        () async throws(DaybookError) in
        try await runner.run(query)
      } then: { result, lease in
        self.home.context.metrics.answered(query, after: ContinuousClock.now - start)
        self.answered(query, sequence, result, lease)
      }
    }
  }

  private func hasRoom(for query: Query) -> Bool {
    queryBytes == 0
      || queryBytes + query.workBytes <= home.context.options.sessionQueryBytesMax
  }

  private func answered(
    _ query: Query, _ sequence: UInt32, _ result: Result<QueryAnswer, DaybookError>,
    _ lease: QueryLease?
  ) {
    queryBytes -= query.workBytes
    let wasClosed = machine.isClosed
    input { $0.queryAnswered(query.replyType, sequence: sequence, result, &$1) }
    if !wasClosed, let lease, case .success(let answer) = result {
      lease.shrink(to: answer.body.readableBytes)
      queryBytes += lease.bytes
      unwritten.append(lease)
    }
    startQueries()
  }

  /// These replies have gone out, or never will.
  func written(_ leases: [QueryLease]) {
    for lease in leases { queryBytes -= lease.bytes }
    unreadReplies -= leases.count
    unreadTicks = 0
    startQueries()
  }
}

extension Query {
  /// No less than it may take at a time: a page as it is read, with what is read past its end, as
  /// the reply's body and in its frame. Rows are about as large as what they become.
  fileprivate var workBytes: Int {
    switch self {
    case .fetch, .history: 4 * Limits.pageBytesMax
    case .unread, .members, .receipts, .conversations, .blocked, .overview, .user,
      .membershipsOfGroup, .membershipsOfUser, .offline, .users, .groups, .streams:
      2 * Limits.frameBytesMax
    case .devices, .group: Session.smallWorkBytes
    }
  }

  fileprivate var replyType: FrameType {
    switch self {
    case .fetch: .fetch.reply
    case .history: .history.reply
    case .unread: .unread.reply
    case .members: .members.reply
    case .receipts: .receipts.reply
    case .devices: .devices.reply
    case .group: .group.reply
    case .conversations: .conversations.reply
    case .overview: .overview.reply
    case .blocked: .blocked.reply
    case .user: .user.reply
    case .membershipsOfGroup, .membershipsOfUser: .memberships.reply
    case .offline: .offline.reply
    case .users: .users.reply
    case .groups: .groups.reply
    case .streams: .streams.reply
    }
  }
}
