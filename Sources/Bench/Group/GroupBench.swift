import DaybookModel
import DaybookSchema
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Ports
import Requests
import Server

/// A group of very many members beside one of ten.
package struct GroupBench: Sendable {
  private let partitions: Int
  private let messageBytes: Int
  /// Members of the large group.
  private let members: Int
  /// Messages to each of the two groups.
  private let messages: Int
  /// Times that it is asked who has read a message.
  private let questions: Int
  /// Joins and reads on their way at one time.
  private let inFlight: Int
  /// Members with a device, who ack what was sent.
  private let acking: Int
  private let logger: Logger

  package init(
    partitions: Int, messageBytes: Int, members: Int, messages: Int, questions: Int, inFlight: Int,
    acking: Int, logger: Logger
  ) {
    self.partitions = partitions
    self.messageBytes = messageBytes
    self.members = members
    self.messages = messages
    self.questions = questions
    self.inFlight = inFlight
    self.acking = acking
    self.logger = logger
  }

  package func measure(folder: String) async throws -> BenchResult {
    let places = Backend.Places(in: folder)
    try EmbeddedLog.create(in: places.log, partitions: partitions)
    var settings = Backend.Settings()
    settings.receiptsMembersMax = UInt64(Limits.groupMembersMax)
    settings.queryTimeout = .seconds(120)
    let backend = try Backend(places, settings, logger: logger)
    let log = backend.log
    let (joined, cursors) = (EventCount(.groupJoined), EventCount(.groupCursors))
    backend.committed.subscribe(joined)
    backend.committed.subscribe(cursors)
    try await backend.start()
    let queries = try backend.queries()

    let groups = Groups(commands: CommandAsker(backend.commands), messageBytes: messageBytes)
    let joins = try await groups.fill(members: members, inFlight: inFlight)
    // Everybody's mailbox has been told, so that what follows is the messages' alone.
    await joined.count(reaches: members + Groups.smallMembers)
    try await groups.openDevices(of: acking, inFlight: inFlight)
    let head = log.highWatermark(of: groups.largePartition(of: partitions))
    let sends = try await groups.send(messages)
    let appended = log.highWatermark(of: groups.largePartition(of: partitions))
    let ackMicroseconds = try await groups.ack(upTo: sends.lastSeq, by: acking, inFlight: inFlight)
    await cursors.count(reaches: acking)
    try await groups.read(upTo: sends.lastSeq, by: members / 2, inFlight: inFlight)
    let receipts = try await ask(queries, sends.lastSeq, groups)

    await backend.stop()
    return BenchResult(fields: [
      ("bench", .text("group")), ("members", .integer(members)),
      ("join_first_us", .ratio(joins.first)), ("join_last_us", .ratio(joins.last)),
      ("small_us", .integer(sends.small)), ("large_us", .integer(sends.large)),
      ("large_minus_small_us", .integer(sends.large - sends.small)),
      (
        "events_per_message",
        .ratio(Double(appended.rawValue - head.rawValue) / Double(messages))
      ),
      ("acking", .integer(acking)), ("ack_us", .ratio(ackMicroseconds)),
      ("receipts_us", .integer(receipts.median)), ("receipts_p99_us", .integer(receipts.p99)),
      ("receipts_max_us", .integer(receipts.max)),
      ("read", .integer(Int(receipts.read))), ("unread", .integer(Int(receipts.unread))),
    ])
  }

  private func ask(
    _ queries: any Queries & Inspection, _ seq: Seq, _ groups: Groups
  ) async throws -> (median: Int, p99: Int, max: Int, read: UInt64, unread: UInt64) {
    try await queries.waitForHead()
    var times: [Int] = []
    var page = ReceiptPage(receipts: [], readCount: 0, unreadCount: 0, more: false)
    for question in 0..<questions {
      // Each page of the list in turn: none is always the one that was just read.
      let member = Groups.member(question * members / questions)
      let start = DispatchTime.now().uptimeNanoseconds
      page = try await queries.receipts(
        of: groups.large, seq: seq, author: groups.owner, stated: .on, after: member,
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
  let commands: CommandAsker
  let owner = UserID(checked: "owner")
  let large = StreamKey.group(GroupID(checked: "large"))
  let small = StreamKey.group(GroupID(checked: "small"))
  private let content: Message

  init(commands: CommandAsker, messageBytes: Int) {
    self.commands = commands
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
      _ = try await commands.ask(
        command(stream, owner, .createGroup(GroupSettings(title: stream.id))))
    }
    for index in 1..<Groups.smallMembers {
      _ = try await commands.ask(command(small, Groups.member(index), .join))
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

  /// As a session asks it: of what the group's owner has said.
  func read(upTo seq: Seq, by members: Int, inFlight: Int) async throws {
    let reading = GroupReading(lastMessage: seq, tells: true)
    try await each(0..<members, inFlight: inFlight) { member in
      command(.user(member), member, .readGroup(large.groupID!, upTo: seq, reading))
    }
  }

  private static let phone = DeviceID(checked: "phone")

  private func asked(_ stream: StreamKey, _ user: UserID, _ body: Command.Body) -> Command {
    Command(
      stream: stream, actor: Actor(user: user, device: Groups.phone), id: nil, body: body)
  }

  func openDevices(of members: Int, inFlight: Int) async throws {
    try await each(0..<members, inFlight: inFlight) { asked(.user($0), $0, .openCursor()) }
    try await each(0..<members, inFlight: inFlight) { asked(large, $0, .openCursor()) }
  }

  /// Each once, as a session gathers it. Mean microseconds of one, with so many on their way.
  func ack(upTo seq: Seq, by members: Int, inFlight: Int) async throws -> Double {
    guard members > 0, let group = large.groupID else { return 0 }
    let start = DispatchTime.now().uptimeNanoseconds
    try await each(0..<members, inFlight: inFlight) { member in
      asked(.user(member), member, .ackGroups([GroupPosition(group, upTo: seq)]))
    }
    return Double(DispatchTime.now().uptimeNanoseconds - start) / Double(members) / 1000
  }

  private func each(
    _ members: Range<Int>, inFlight: Int, _ make: @escaping @Sendable (UserID) -> Command
  ) async throws {
    let commands = commands
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<inFlight {
        group.addTask {
          for index in stride(from: members.lowerBound + lane, to: members.upperBound, by: inFlight)
          {
            _ = try await commands.ask(make(Groups.member(index)))
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
        let answer = try await commands.ask(command)
        times[stream, default: []].append(
          Int((DispatchTime.now().uptimeNanoseconds - start) / 1000))
        if stream == large { lastSeq = try answer.outcome.result().seq }
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
