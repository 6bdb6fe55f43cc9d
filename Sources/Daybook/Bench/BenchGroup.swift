import ArgumentParser
import DaybookModel
import DaybookSchema
import Foundation
import NIOPosix
import Partitions
import Ports
import Projections
import SegmentLog

struct BenchGroup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "A group of very many members beside one of ten.",
    discussion: """
      In this process, without network. join_first_us and join_last_us are the mean time of a join \
      while the group is small and when it is nearly full, with --in-flight joins on their way. \
      large_us and small_us are medians of a message to either group, one at a time and in turns: \
      from the command to its answer, which is after the sync. receipts_us, with its 99th \
      percentile and its maximum, asks who of the large group has read a message, when half of its \
      members have: counts, and a page of 1,000 users.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "Members of the large group.")
  var members = 100_000

  @Option(help: "Messages to each of the two groups.")
  var messages = 1_000

  @Option(help: "Times that it is asked who has read a message.")
  var questions = 200

  @Option(help: "Joins and reads on their way at one time.")
  var inFlight = 512

  func validate() throws {
    guard (100...Limits.groupMembersMax).contains(members) else {
      throw ValidationError("--members is 100 to \(Limits.groupMembersMax)")
    }
    guard (1...1_000_000).contains(messages), (1...1_000_000).contains(questions) else {
      throw ValidationError("--messages and --questions are 1 to 1000000")
    }
    guard (1...10_000).contains(inFlight) else {
      throw ValidationError("--in-flight is 1 to 10000")
    }
  }

  func run() async throws {
    try await options.report(by: "receipts_us") { try await measure(folder: $0) }
  }

  private func measure(folder: String) async throws -> BenchResult {
    try SegmentLog.create(in: "\(folder)/log", partitions: options.partitions)
    let log = try SegmentLog.open(in: "\(folder)/log", scanner: EventIndexer())
    let pool = PoolWork(threads: 2)
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let service = PartitionService(
      log: log, snapshots: SnapshotFiles(folder: "\(folder)/state", seal: log.seal),
      clock: SystemClock(),
      blocking: pool, group: loops, report: { _ in })
    let projections = ProjectionRuntime(
      log: log, folder: "\(folder)/projections", report: { _ in })
    projections.start()
    service.subscribe(projections)
    let joined = EventCount(.groupJoined)
    service.subscribe(joined)
    _ = try await service.start()
    let queries = QueryService(
      log: log, folder: "\(folder)/projections", clock: SystemClock(), runtime: projections,
      receiptsMembersMax: UInt64(Limits.groupMembersMax), timeout: .seconds(120))

    let groups = Groups(desk: CommandDesk(service), messageBytes: options.messageBytes)
    let joins = try await groups.fill(members: members, inFlight: inFlight)
    // Everybody's mailbox has been told, so that what follows is the messages' alone.
    await joined.count(reaches: members + Groups.smallMembers)
    let head = log.highWatermark(of: groups.largePartition(of: options.partitions))
    let sends = try await groups.send(messages)
    let appended = log.highWatermark(of: groups.largePartition(of: options.partitions))
    try await groups.read(upTo: sends.lastSeq, by: members / 2, inFlight: inFlight)
    let receipts = try await ask(queries, sends.lastSeq, groups)

    await service.stop()
    queries.stop()
    await projections.stop()
    log.close()
    try await loops.shutdownGracefully()
    try await pool.stop()
    return BenchResult(fields: [
      ("bench", .text("group")), ("members", .integer(members)),
      ("join_first_us", .ratio(joins.first)), ("join_last_us", .ratio(joins.last)),
      ("small_us", .integer(sends.small)), ("large_us", .integer(sends.large)),
      ("large_minus_small_us", .integer(sends.large - sends.small)),
      (
        "events_per_message",
        .ratio(Double(appended.rawValue - head.rawValue) / Double(messages))
      ),
      ("receipts_us", .integer(receipts.median)), ("receipts_p99_us", .integer(receipts.p99)),
      ("receipts_max_us", .integer(receipts.max)),
      ("read", .integer(Int(receipts.read))), ("unread", .integer(Int(receipts.unread))),
    ])
  }

  private func ask(
    _ queries: QueryService, _ seq: Seq, _ groups: Groups
  ) async throws -> (median: Int, p99: Int, max: Int, read: UInt64, unread: UInt64) {
    try await queries.waitForHead()
    var times: [Int] = []
    var page = ReceiptPage(receipts: [], readCount: 0, unreadCount: 0, more: false)
    for question in 0..<questions {
      // Each page of the list in turn: none is always the one that was just read.
      let member = Groups.member(question * members / questions)
      let start = DispatchTime.now().uptimeNanoseconds
      page = try await queries.receipts(
        of: groups.large, seq: seq, author: groups.owner, after: member,
        limit: Limits.receiptsPageMax)
      times.append(Int((DispatchTime.now().uptimeNanoseconds - start) / 1000))
    }
    times.sort()
    return (
      times[times.count / 2], times[times.count * 99 / 100], times[times.count - 1],
      page.readCount, page.unreadCount
    )
  }
}

/// The two groups, in two partitions if there is more than one.
private struct Groups {
  let desk: CommandDesk
  let owner = UserID(checked: "owner")
  let large = StreamKey.group(GroupID(checked: "large"))
  let small = StreamKey.group(GroupID(checked: "small"))
  private let content: Message

  init(desk: CommandDesk, messageBytes: Int) {
    self.desk = desk
    content = Message(content: ContentCoding.text(String(repeating: "m", count: messageBytes)))
  }

  static let smallMembers = 10

  func largePartition(of count: Int) -> PartitionID { large.partition(of: count) }

  static func member(_ index: Int) -> UserID {
    let digits = String(index)
    return UserID(checked: "m" + String(repeating: "0", count: 7 - digits.count) + digits)
  }

  private func command(_ stream: StreamKey, _ user: UserID, _ body: Command.Body) -> Command {
    // An origin a user: one for all would have its window full of what is on its way.
    Command(
      stream: stream, actor: Actor(user: user),
      id: NumberedOrigin(
        origin: Origin(user.text.utf8)!, number: body.benchNumber + (stream == small ? 10 : 0)),
      body: body)
  }

  /// Mean microseconds of a join, over the first and the last tenth.
  func fill(members: Int, inFlight: Int) async throws -> (first: Double, last: Double) {
    for stream in [small, large] {
      _ = try await desk.ask(
        command(stream, owner, .createGroup(GroupSettings(title: stream.id))))
    }
    for index in 1..<Groups.smallMembers {
      _ = try await desk.ask(command(small, Groups.member(index), .join))
    }
    let tenth = max(1, members / 10)
    var times: [UInt64] = [DispatchTime.now().uptimeNanoseconds]
    for part in 0..<10 {
      let last = part == 9 ? members - 1 : (part + 1) * tenth
      try await each(part * tenth..<last, inFlight: inFlight) { member in
        command(large, member, .join)
      }
      times.append(DispatchTime.now().uptimeNanoseconds)
    }
    func mean(_ part: Int) -> Double {
      Double(times[part + 1] - times[part]) / Double(tenth) / 1000
    }
    return (mean(0), mean(9))
  }

  func read(upTo seq: Seq, by members: Int, inFlight: Int) async throws {
    try await each(0..<members, inFlight: inFlight) { member in
      command(large, member, .read(peer: nil, upTo: seq))
    }
  }

  private func each(
    _ members: Range<Int>, inFlight: Int, _ make: @escaping @Sendable (UserID) -> Command
  ) async throws {
    let desk = desk
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<inFlight {
        group.addTask {
          for index in stride(from: members.lowerBound + lane, to: members.upperBound, by: inFlight)
          {
            _ = try await desk.ask(make(Groups.member(index)))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Median microseconds of a message to each, and the last one's seq in the large group.
  func send(_ messages: Int) async throws -> (small: Int, large: Int, lastSeq: Seq) {
    var times: [StreamKey: [Int]] = [:]
    var lastSeq = Seq.none
    for number in 1...UInt64(messages) {
      for stream in number % 2 == 0 ? [small, large] : [large, small] {
        let command = Command(
          stream: stream, actor: Actor(user: owner),
          id: NumberedOrigin(origin: Origin("sends".utf8)!, number: number),
          body: .send(content))
        let start = DispatchTime.now().uptimeNanoseconds
        let outcome = try await desk.ask(command)
        times[stream, default: []].append(
          Int((DispatchTime.now().uptimeNanoseconds - start) / 1000))
        if stream == large { lastSeq = outcome.seq }
      }
    }
    func median(_ stream: StreamKey) -> Int { times[stream]!.sorted()[messages / 2] }
    return (median(small), median(large), lastSeq)
  }
}

extension Command.Body {
  /// Of the few things that a member does here, each has a number of its own.
  fileprivate var benchNumber: UInt64 {
    switch self {
    case .createGroup: 1
    case .join: 2
    default: 3
    }
  }
}
